-- One row per minute of the window [$1, $2) that has rows in the aggregate that counts the events: its events. Times are Unix
-- milliseconds.
select
  (extract(epoch from dt) * 1000)::bigint as minute,
  coalesce(sum(:events), 0)::bigint as events
from :counted
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
group by dt
