-- $1: rows as a JSON array, each with its day (Unix milliseconds), its names, and its arrays as PostgreSQL writes them.
insert into dash_users (
  dt, reach, every_topic, item_topic, every_age, age_segment, event, or_event, minutes, previous, users
)
select
  timestamp 'epoch' + day * interval '1 millisecond',
  reach,
  every_topic,
  item_topic,
  every_age,
  age_segment,
  event,
  or_event,
  minutes::smallint[],
  previous::smallint[],
  users::int[]
from json_to_recordset($1::text::json) as scope (
  day bigint,
  reach smallint,
  every_topic boolean,
  item_topic text,
  every_age boolean,
  age_segment text,
  event text,
  or_event text,
  minutes text,
  previous text,
  users text
)
