-- Writes rows of dash_users (see table.sql): $1 is an array of them in JSON as a text, with their days in Unix milliseconds and their
-- own arrays as PostgreSQL writes them.
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
from json_to_recordset($1::text::json) as counted (
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
