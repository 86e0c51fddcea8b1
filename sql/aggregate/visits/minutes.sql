-- One row per minute (Unix milliseconds) of the window [$1, $2), Unix milliseconds, that has rows in dash_visits: its events.
select
  (extract(epoch from dt) * 1000)::bigint as minute,
  coalesce(sum(visits), 0)::bigint as events
from dash_visits
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
group by dt
