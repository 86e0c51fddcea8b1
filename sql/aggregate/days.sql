-- One row per UTC day (numbered from 1970-01-01) of the window [$1, $2), Unix milliseconds, that has events, in order.
select floor(ts / 86400000::float8)::bigint as day
from log_raw
where ts >= $1::bigint and ts < $2::bigint
group by day
order by day
