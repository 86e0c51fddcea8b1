-- The last $1 rows of the ledger, the newest first; times are Unix milliseconds.
select
  (extract(epoch from start_dt) * 1000)::bigint as start,
  (extract(epoch from end_dt) * 1000)::bigint as "end",
  minute,
  (extract(epoch from started_at) * 1000)::bigint as started,
  (extract(epoch from finished_at) * 1000)::bigint as finished,
  events,
  written,
  outcome,
  error,
  zen_version
from zen_runs
order by run_id desc
limit $1
