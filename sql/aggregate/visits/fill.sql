-- One row per minute × item_topic × source_topic × age_segment that has events; visits = events.
-- $1, $2: the window [start, end) of the event's minute, Unix milliseconds. $3: 'floor' or 'nearest'.
-- 'nearest' is the original's rule: whole seconds, then the nearest minute, an exact half to the even one, which
-- is how round() treats float8. The inner filter is wider than the window, for the index; the outer one is exact.
insert into dash_visits (dt, item_topic, source_topic, age_segment, visits)
select
  timestamp 'epoch' + minute * interval '1 minute',
  item_topic,
  source_topic,
  age_segment,
  count(*)
from (
  select
    item_topic,
    source_topic,
    age_segment,
    case $3::text
      when 'nearest' then round(floor(ts / 1000::float8) / 60)
      else floor(ts / 60000::float8)
    end as minute
  from log_raw
  where ts >= $1::bigint - 60000 and ts < $2::bigint + 60000
) as events
where minute >= $1::bigint / 60000::float8 and minute < $2::bigint / 60000::float8
group by minute, item_topic, source_topic, age_segment
