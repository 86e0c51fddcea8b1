-- One row per card topic that has events on the UTC day that starts at $1 or on the one at $2 (Unix milliseconds), and how many it has
-- on each, between the times $3 and $4 only: lists of milliseconds since midnight, with commas. A missing name comes as an empty one.
select
  coalesce(item_topic, '') as item_topic,
  coalesce(sum(:events) filter (where day = $1::bigint), 0)::bigint as on_day,
  coalesce(sum(:events) filter (where day = $2::bigint), 0)::bigint as before
from (
  select
    day,
    timestamp 'epoch' + (day + since) * interval '1 millisecond' as start,
    timestamp 'epoch' + (day + until) * interval '1 millisecond' as "end"
  from
    (select $1::bigint as day union all select $2::bigint) as days,
    (
      select unnest(string_to_array($3::text, ',')::bigint[]) as since, unnest(string_to_array($4::text, ',')::bigint[]) as until
    ) as times
) as stretches
join :counted on dt >= start and dt < "end"
group by 1
order by 1
