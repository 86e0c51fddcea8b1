-- Does what ../engagement/fill.sql does ($1, $2, $3 as there), and gives the users that it has gathered for whole days, [$4, $5):
-- one row per minute (counted from 1970) × item_topic × age_segment × event. users: as many as events, as PostgreSQL writes an
-- array: {1,NULL,"a b"}, each id in one way only.
-- One pass for both, because the gathering is what takes time: a day of 322,391 events, read apart, takes 0.5 s more.
with cells as materialized (
  select
    minute,
    item_topic,
    event,
    age_segment,
    array_agg(user_id) as users
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
        ceil($4::bigint / 60000.0) * 60000
        - case $3::text when 'nearest' then 30000 - abs(ceil($4::bigint / 60000.0) % 2) * 1000 else 0 end
      )::bigint
      and ts < (
        ceil($5::bigint / 60000.0) * 60000
        - case $3::text when 'nearest' then 30000 - abs(ceil($5::bigint / 60000.0) % 2) * 1000 else 0 end
      )::bigint
  ) as events
  group by minute, item_topic, event, age_segment
),
filled as (
  insert into dash_engagement (dt, item_topic, event, age_segment, unique_users)
  select
    timestamp 'epoch' + minute * interval '1 minute',
    item_topic,
    event,
    age_segment,
    (select count(distinct user_id) from unnest(users) as user_id)
  from cells
  where minute >= ceil($1::bigint / 60000.0) and minute < ceil($2::bigint / 60000.0)
  returning 1
)
select
  minute::bigint as minute,
  item_topic,
  age_segment,
  event,
  cardinality(users) as events,
  users::text as users,
  (select count(*) from filled) as filled
from cells
