-- The rows of dash_users in [$1, $2), Unix milliseconds, as fill.sql takes them.
select
  (extract(epoch from dt) * 1000)::bigint as day,
  dash_users.reach,
  dash_users.every_topic,
  dash_users.item_topic,
  dash_users.every_age,
  dash_users.age_segment,
  dash_users.event,
  dash_users.or_event,
  dash_users.minutes::text as minutes,
  dash_users.previous::text as previous,
  dash_users.users::text as users
from dash_users
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
