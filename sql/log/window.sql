-- The relation `log`, which each aggregate is a SELECT over: one row per event of a window, under the log's names, with
-- its minute as dt (a timestamp, UTC) and as minute (counted from 1970). Columns that a statement does not name are left out.
-- $1, $2: the events with ts in [$1, $2), Unix milliseconds, as src/log/log.ts has them of a window. $3: 'floor' or 'nearest'.
-- 'nearest' is the original's rule: whole seconds, then the nearest minute, an exact half to the even one, which is how
-- round() treats float8. This is the one place with the rule, beside the bounds that follow from it.
-- The window is a filter on ts alone, for the planner knows ts: with a wide filter on ts and an exact one on the minute
-- it expected 1,612 of 322,391 rows, and sorted them. A day of as many: 488 ms so, 244 ms hashed (median processor time).
select
  event_id,
  user_id,
  event,
  item_id,
  item_topic,
  item_type,
  source_id,
  source_topic,
  source_type,
  age_segment,
  ts,
  minute,
  timestamp 'epoch' + minute * interval '1 minute' as dt
from (
  select
    event_id,
    user_id,
    event,
    item_id,
    item_topic,
    item_type,
    source_id,
    source_topic,
    source_type,
    age_segment,
    ts,
    case $3::text
      when 'nearest' then round(floor(ts / 1000::float8) / 60)
      else floor(ts / 60000::float8)
    end as minute
  from :raw
  where :within
) as events
