-- One row per minute (Unix milliseconds) of the window [$1, $2), Unix milliseconds, that has rows in the aggregate that counts the events: its events.
select
  (extract(epoch from dt) * 1000)::bigint as minute,
  coalesce(sum(:events), 0)::bigint as events
from :counted
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
group by dt
