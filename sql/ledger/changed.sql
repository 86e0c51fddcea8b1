-- One row per minute (Unix milliseconds) of a window for which the log and the aggregate that counts its events differ.
-- $1, $2, $3: as in ../log/window.sql. $4: also those minutes in which the log has any events. $5, $6: the window [$5, $6), Unix
-- milliseconds.
with log as (:log)
select
  minute::bigint * 60000 as start,
  sum(events)::bigint as events,
  sum(counted)::bigint as visits
from (
  select minute, count(*) as events, 0 as counted
  from log
  group by minute
  union all
  select extract(epoch from dt) / 60, 0, sum(:events)
  from :counted
  where dt >= timestamp 'epoch' + $5::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $6::bigint * interval '1 millisecond'
  group by dt
) as counts
group by minute
having sum(events) <> sum(counted) or $4::boolean and sum(events) > 0
order by minute
