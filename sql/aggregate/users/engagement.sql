-- Does what ../engagement/fill.sql does ($1, $2, $3 as there), and gives the users that it has gathered for whole days, [$4, $5), as
-- seen.sql does for $6 minutes, but for one minute of several events: counts are how many events each of the minutes has.
-- One pass for both, because the gathering is what takes time: a day of 322,391 events in 33 minutes takes 0.1 s more, read apart.
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
  day::bigint as day,
  item_topic,
  age_segment,
  event,
  '{' || string_agg(trim(both '{}' from users::text), ',') || '}' as users,
  array_agg((minute - day * 1440)::bigint)::text as minutes,
  array_agg(cardinality(users))::text as counts,
  (select count(*) from filled) as filled
from (select *, floor(minute / 1440) as day from cells) as cells
group by day, floor(minute / $6), item_topic, age_segment, event
