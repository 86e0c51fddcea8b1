-- One row per minute (Unix milliseconds) of the window for which dash_visits and the log count different numbers of events.
-- $1, $2, $3 and the filter as in ../aggregate/visits/fill.sql. $4: also those minutes in which the log has any events.
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
    where ts >= (
        ceil($1::bigint / 60000.0) * 60000
        - case $3::text when 'nearest' then 30000 - abs(ceil($1::bigint / 60000.0) % 2) * 1000 else 0 end
      )::bigint
      and ts < (
        ceil($2::bigint / 60000.0) * 60000
        - case $3::text when 'nearest' then 30000 - abs(ceil($2::bigint / 60000.0) % 2) * 1000 else 0 end
      )::bigint
  ) as events
  group by minute
  union all
  select extract(epoch from dt) / 60, 0, sum(visits)
  from dash_visits
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by dt
) as counts
group by minute
having sum(events) <> sum(visits) or $4::boolean and sum(events) > 0
order by minute
