-- $1, $2: the window, Unix milliseconds. $3: the minute rule. $4: how long it took, milliseconds. $5: events. $6, $7: by aggregate,
-- the rows written and the hash of its statement, JSON. $8: the outcome. $9: what failed. $10: the version of Zen.
-- No window ends after the minute that is now: what is yet to come is not aggregated.
insert into zen_runs (
  start_dt, end_dt, minute, started_at, finished_at, events, written, statements, outcome, error, zen_version
)
values (
  timestamp 'epoch' + $1::bigint * interval '1 millisecond',
  least(
    timestamp 'epoch' + $2::bigint * interval '1 millisecond',
    greatest(
      timestamp 'epoch' + $1::bigint * interval '1 millisecond',
      date_trunc('minute', now() at time zone 'UTC')
    )
  ),
  $3,
  clock_timestamp() - $4::bigint * interval '1 millisecond',
  clock_timestamp(),
  $5,
  $6::text::jsonb,
  $7::text::jsonb,
  $8,
  $9,
  $10
)
