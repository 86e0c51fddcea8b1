-- One row per UTC day (numbered from 1970-01-01) of the window [$1, $2), Unix milliseconds, that has events, in order.
-- The days are joined, not only computed, for the planner takes a computed day to have as many values as ts and then
-- groups on one core: 3.2 M events on ten days, 1.3 s so, 0.47 s joined.
select day
from generate_series(floor($1::bigint / 86400000.0)::bigint, floor(($2::bigint - 1) / 86400000.0)::bigint) as day
join :raw on floor(ts / 86400000::float8)::bigint = day
where :within
group by day
order by day
