-- One row: how many events of the log the window holds. Parameters and the two filters as in visits/fill.sql.
select count(*) as events
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
