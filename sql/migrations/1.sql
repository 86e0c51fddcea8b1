-- The ledger. One row is one window [start_dt, end_dt), UTC, that was aggregated ('done', in the same transaction as its rows),
-- or was not ('failed', with the reason); or that was taken out of the log ('pruned') or out of the aggregates ('dropped'); or that
-- a backup has events of which replaced the log ('restored').
-- A later row overrides the earlier ones where their windows overlap.
create table if not exists zen_runs (
  run_id bigint generated always as identity primary key,
  start_dt timestamp not null,
  end_dt timestamp not null,
  minute varchar(16) not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  events bigint,
  visits_rows bigint,
  engagement_rows bigint,
  outcome varchar(16) not null,
  error text,
  zen_version varchar(32) not null
)
