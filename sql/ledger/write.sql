-- $1, $2: the window, Unix milliseconds. $3: the minute rule. $4: how long it took, milliseconds. $5, $6, $7: events and rows
-- written. $8: the outcome. $9: what failed. $10: the version of Zen.
insert into zen_runs (
  start_dt, end_dt, minute, started_at, finished_at, events, visits_rows, engagement_rows, outcome, error, zen_version
)
values (
  timestamp 'epoch' + $1::bigint * interval '1 millisecond',
  timestamp 'epoch' + $2::bigint * interval '1 millisecond',
  $3,
  clock_timestamp() - $4::bigint * interval '1 millisecond',
  clock_timestamp(),
  $5,
  $6,
  $7,
  $8,
  $9,
  $10
)
