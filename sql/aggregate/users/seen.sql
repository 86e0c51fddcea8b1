-- One row per minute (counted from 1970) × item_topic × age_segment × event of the window [$1, $2): its events, and its users as
-- in engagement.sql. Parameters and the filter as in ../visits/fill.sql.
select
  minute::bigint as minute,
  item_topic,
  age_segment,
  event,
  count(*)::bigint as events,
  array_agg(user_id)::text as users
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
  where ts >= (
      ceil($1::bigint / 60000.0) * 60000
      - case $3::text when 'nearest' then 30000 - abs(ceil($1::bigint / 60000.0) % 2) * 1000 else 0 end
    )::bigint
    and ts < (
      ceil($2::bigint / 60000.0) * 60000
      - case $3::text when 'nearest' then 30000 - abs(ceil($2::bigint / 60000.0) % 2) * 1000 else 0 end
    )::bigint
) as events
group by minute, item_topic, event, age_segment
