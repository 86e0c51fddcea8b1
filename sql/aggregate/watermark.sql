-- One row: the last aggregated minute, Unix milliseconds; null when nothing is aggregated.
select (extract(epoch from max(dt)) * 1000)::bigint as minute
from :counted
