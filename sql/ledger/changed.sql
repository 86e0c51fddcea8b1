-- One row per minute (Unix milliseconds) of the window for which dash_visits and the log count different numbers of events.
-- Parameters and the two filters as in ../aggregate/visits/fill.sql.
select
  minute::bigint * 60000 as start,
  sum(events)::bigint as events,
  sum(visits)::bigint as visits
from (
  select minute, count(*) as events, 0 as visits
  from (
    select
      case $3::text
        when 'nearest' then round(floor(ts / 1000::float8) / 60)
        else floor(ts / 60000::float8)
      end as minute
    from log_raw
    where ts >= $1::bigint - 60000 and ts < $2::bigint + 60000
  ) as events
  where minute >= $1::bigint / 60000::float8 and minute < $2::bigint / 60000::float8
  group by minute
  union all
  select extract(epoch from dt) / 60, 0, sum(visits)
  from dash_visits
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by dt
) as counts
group by minute
having sum(events) <> sum(visits)
order by minute
