-- One row per $4 minutes x item_topic x age_segment x event of a window: its UTC day (counted from 1970), the users and
-- the minutes of the day of its events, two arrays of one order, as PostgreSQL writes them: {1,NULL,"a b"}, each id in one way only.
-- $1, $2, $3 as in ../log/window.sql.
-- By single minutes, they would be nearly as many rows as events where these are spread over the day: 322,391 in 0.25 s instead of
-- 0.12 s. By days, an array of all may be longer than a text can be.
with log as (:log)
select
  day::bigint as day,
  item_topic,
  age_segment,
  event,
  array_agg(user_id)::text as users,
  array_agg((minute - day * 1440)::bigint)::text as minutes,
  null as counts
from (
  select
    item_topic,
    age_segment,
    event,
    user_id,
    minute,
    floor(minute / 1440) as day
  from log
) as events
group by day, floor(minute / $4), item_topic, age_segment, event
