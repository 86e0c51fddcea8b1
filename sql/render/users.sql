-- The rows of dash_users (see ../aggregate/users/table.sql) of the days that the window [$1, $2) touches, Unix milliseconds. A
-- missing name comes as an empty one; the arrays as text, and 1440, which is no minute of a day, stands for not yet.
select
  (date_part('epoch', dt) / 60)::int as midnight,
  every_topic,
  coalesce(item_topic, '') as item_topic,
  every_age,
  coalesce(age_segment, '') as age_segment,
  coalesce(event, '') as event,
  coalesce(or_event, '') as or_event,
  minutes::text as minutes,
  array_replace(previous, null, 1440::smallint)::text as previous,
  users::text as users
from dash_users
where dt >= date_trunc('day', timestamp 'epoch' + $1::bigint * interval '1 millisecond')
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
