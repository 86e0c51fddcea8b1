-- One row: how many events the window [$1, $2) has, Unix milliseconds.
select count(*)::bigint as events
from log_raw
where ts >= $1::bigint and ts < $2::bigint
