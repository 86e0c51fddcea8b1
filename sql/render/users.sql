-- The rows of dash_users (see ../aggregate/users/table.sql) of the days that the window [$1, $2) touches, Unix milliseconds. A
-- missing name comes as an empty one, the arrays as text.
select
  (date_part('epoch', dt) / 60)::int as midnight,
  dash_users.reach,
  every_topic,
  coalesce(item_topic, '') as item_topic,
  every_age,
  coalesce(age_segment, '') as age_segment,
  coalesce(event, '') as event,
  coalesce(or_event, '') as or_event,
  minutes::text as minutes,
  previous::text as previous,
  users::text as users
from dash_users
where dt >= date_trunc('day', timestamp 'epoch' + $1::bigint * interval '1 millisecond')
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
