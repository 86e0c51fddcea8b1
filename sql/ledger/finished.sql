-- One row: when the window [$1, $2), Unix milliseconds, or some of it, was last aggregated, Unix milliseconds; null if never.
select (extract(epoch from max(finished_at)) * 1000)::bigint as finished
from zen_runs
where outcome = 'done'
  and start_dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  and end_dt > timestamp 'epoch' + $1::bigint * interval '1 millisecond'
