-- users: unique_users
-- One row per minute x item_topic x event x age_segment; unique_users = distinct users, a missing user_id not counted.
-- The users of a cell are gathered by hashing, then counted cell by cell: count(distinct) can only be grouped by sorting, and
-- it is the names that make sorting slow. A day of 322,391 events in 5,870 cells, median processor time: 374 ms with
-- count(distinct), 368 ms with a select distinct below, 213 ms so; ten days in one piece: 4.0, 5.0, 2.7 s.
select
  dt,
  item_topic,
  event,
  age_segment,
  (select count(distinct user_id) from unnest(users) as user_id) as unique_users
from (
  select
    dt,
    item_topic,
    event,
    age_segment,
    array_agg(user_id) as users
  from log
  group by dt, item_topic, event, age_segment
) as cells
