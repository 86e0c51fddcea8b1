-- One row: the first aggregated minute and the end of the last one, Unix milliseconds; nulls when there is nothing.
select
  (extract(epoch from min(dt)) * 1000)::bigint as start,
  (extract(epoch from max(dt)) * 1000)::bigint + 60000 as "end"
from (:edges) as edges
