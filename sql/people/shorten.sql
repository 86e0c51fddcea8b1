-- What was counted from a UTC midnight on ($1, Unix milliseconds), up to $2 days, no longer reaches back beyond it: what is there
-- has been aggregated anew since. Days before $3 are left as they are. Deleted and written again, so that nobody needs the right to
-- update.
with gone as (
  delete from dash_users
  where dt >= timestamp 'epoch' + $3::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $1::bigint * interval '1 millisecond' + $2::int * interval '1 day'
    and dash_users.reach * interval '1 day' > dt - (timestamp 'epoch' + $1::bigint * interval '1 millisecond')
  returning *
)
insert into dash_users (
  dt, reach, every_topic, item_topic, every_age, age_segment, event, or_event, minutes, previous, users
)
select
  dt,
  date_part('day', dt - (timestamp 'epoch' + $1::bigint * interval '1 millisecond')),
  every_topic,
  item_topic,
  every_age,
  age_segment,
  event,
  or_event,
  minutes,
  previous,
  users
from gone
