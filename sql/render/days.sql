-- One row per card topic that has events on the UTC day that starts at $1, the one at $2 or the one at $3 (Unix milliseconds), and
-- how many it has on each; a missing name comes as an empty one.
select
  coalesce(item_topic, '') as item_topic,
  coalesce(sum(visits) filter (where dt >= first and dt < first + interval '1 day'), 0)::bigint as on_day,
  coalesce(sum(visits) filter (where dt >= second and dt < second + interval '1 day'), 0)::bigint as day_before,
  coalesce(sum(visits) filter (where dt >= third and dt < third + interval '1 day'), 0)::bigint as week_before
from
  dash_visits,
  (
    select
      timestamp 'epoch' + $1::bigint * interval '1 millisecond' as first,
      timestamp 'epoch' + $2::bigint * interval '1 millisecond' as second,
      timestamp 'epoch' + $3::bigint * interval '1 millisecond' as third
  ) as days
where dt >= first and dt < first + interval '1 day'
  or dt >= second and dt < second + interval '1 day'
  or dt >= third and dt < third + interval '1 day'
group by 1
order by 1
