-- One row: the last minute with an event before $1, both Unix milliseconds; null when there is none.
select (extract(epoch from max(dt)) * 1000)::bigint as last
from :counted
where dt < timestamp 'epoch' + $1::bigint * interval '1 millisecond'
