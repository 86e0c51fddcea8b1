-- One row per minute × item_topic × event × age_segment; unique_users = distinct users, a missing user_id not counted.
-- Parameters and the two filters as in ../visits/fill.sql.
insert into dash_engagement (dt, item_topic, event, age_segment, unique_users)
select
  timestamp 'epoch' + minute * interval '1 minute',
  item_topic,
  event,
  age_segment,
  count(distinct user_id)
from (
  select
    item_topic,
    event,
    age_segment,
    user_id,
    case $3::text
      when 'nearest' then round(floor(ts / 1000::float8) / 60)
      else floor(ts / 60000::float8)
    end as minute
  from log_raw
  where ts >= $1::bigint - 60000 and ts < $2::bigint + 60000
) as events
where minute >= $1::bigint / 60000::float8 and minute < $2::bigint / 60000::float8
group by minute, item_topic, event, age_segment
