-- One row: the first and the last event that the log has in [$1, $2), Unix milliseconds; nulls when it has none.
select
  min(ts) as first,
  max(ts) as last
from log_raw
where ts >= $1::bigint and ts < $2::bigint
