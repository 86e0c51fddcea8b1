-- One row: ts of the log's first event since the year 1, Unix milliseconds; null when there is none.
select min(ts) as ts
from log_raw
where ts >= -62135596800000
