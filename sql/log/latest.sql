-- One row: the last event of the log up to $1 (Unix milliseconds); null when there is none. Later ones are of a wrong clock, and say
-- nothing of when the feed was last alive.
select max(ts) as last
from log_raw
where ts <= $1::bigint and ts >= -62135596800000
