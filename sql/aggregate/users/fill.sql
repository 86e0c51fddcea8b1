-- $1: scopes as a JSON array, each with its names, and of the same order minutes and previous (counted from 1970) and users.
insert into dash_users (dt, previous, every_topic, item_topic, every_age, age_segment, event, or_event, users)
select
  timestamp 'epoch' + minute * interval '1 minute',
  timestamp 'epoch' + before * interval '1 minute',
  every_topic,
  item_topic,
  every_age,
  age_segment,
  event,
  or_event,
  people
from json_to_recordset($1::text::json) as scope (
    every_topic boolean,
    item_topic text,
    every_age boolean,
    age_segment text,
    event text,
    or_event text,
    minutes bigint[],
    previous bigint[],
    users bigint[]
  ),
  unnest(minutes, previous, users) as returns (minute, before, people)
