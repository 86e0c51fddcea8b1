-- One row: the minute of the log's first event since the year 1, Unix milliseconds; null when there is none.
-- $1: 'floor' or 'nearest'. Both rules keep the order of time, so the minute of the smallest ts is the smallest minute.
select
  (60000 * case $1::text
    when 'nearest' then round(floor(ts / 1000::float8) / 60)
    else floor(ts / 60000::float8)
  end)::bigint as minute
from (select min(ts) as ts from log_raw where ts >= -62135596800000) as events
