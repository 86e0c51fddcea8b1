-- One row: the first and last event of the log from the year 1 to 9999, Unix milliseconds; nulls when there are none.
select min(ts) as first, max(ts) as last
from log_raw
where ts >= -62135596800000 and ts < 253402300800000
