-- One row per window that was aggregated, the oldest first; times are Unix milliseconds.
select
  (extract(epoch from start_dt) * 1000)::bigint as start,
  (extract(epoch from end_dt) * 1000)::bigint as "end",
  minute
from zen_runs
where outcome = 'done'
order by run_id
