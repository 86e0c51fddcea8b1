-- One row per window that a run ended with the outcome $1 or $2, the oldest run first; times are Unix milliseconds.
select
  (extract(epoch from start_dt) * 1000)::bigint as start,
  (extract(epoch from end_dt) * 1000)::bigint as "end",
  minute,
  outcome
from zen_runs
where outcome in ($1, $2)
order by run_id
