-- Fills the window [$4, $5), Unix milliseconds, of dash_engagement as ../aggregates/engagement.sql has it, and gives the users that
-- it has gathered for whole days ($1, $2, $3 as in ../log/window.sql), as users.sql does for $6 minutes.
-- But several events of one minute are one: counts are how many events each of the minutes has. It is filled by ../aggregate/new.sql
-- or ../aggregate/renewal.sql.
-- One pass for both, because the gathering is what takes time: a day of 322,391 events in 33 minutes takes 0.1 s more, read apart.
with log as (:log),
cells as materialized (
  select
    minute,
    item_topic,
    event,
    age_segment,
    array_agg(user_id) as users
  from log
  group by minute, item_topic, event, age_segment
),
made as (
  select
    timestamp 'epoch' + minute * interval '1 minute' as dt,
    item_topic,
    event,
    age_segment,
    (select count(distinct user_id) from unnest(users) as user_id) as unique_users
  from cells
  where minute >= ceil($4::bigint / 60000.0) and minute < ceil($5::bigint / 60000.0)
),
:filling
select
  day::bigint as day,
  item_topic,
  age_segment,
  event,
  '{' || string_agg(trim(both '{}' from users::text), ',') || '}' as users,
  array_agg((minute - day * 1440)::bigint)::text as minutes,
  array_agg(cardinality(users))::text as counts,
  (select count(*) from filled) as filled,
  (select count(*) from gone) as gone
from (select *, floor(minute / 1440) as day from cells) as cells
group by day, floor(minute / $6), item_topic, age_segment, event
