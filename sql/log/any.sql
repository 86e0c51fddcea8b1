-- One row, when the log has an event in [$1, $2), Unix milliseconds.
select
from log_raw
where ts >= $1::bigint and ts < $2::bigint
limit 1
