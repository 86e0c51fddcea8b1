-- One row per stretch [start, end) that runs ended with an outcome of $1 (done,dropped), the oldest first; times are Unix
-- milliseconds; statements are the hashes of those of the aggregates. Rows of the ledger that follow one another in it and in time,
-- as a year of nights does, are one stretch: that says the same, and a year's ledger took 5 ms to read row by row in the embedded
-- database. The hashes have a column of their own, for to take them out of each row would take three times as long.
select
  (extract(epoch from min(start_dt)) * 1000)::bigint as start,
  (extract(epoch from max(end_dt)) * 1000)::bigint as "end",
  minute,
  outcome,
  statements
from (
  select
    *,
    count(*) filter (where not follows) over (order by run_id) as stretch
  from (
    select
      *,
      coalesce(
        start_dt = lag(end_dt) over runs
        and minute = lag(minute) over runs
        and outcome = lag(outcome) over runs
        and statements is not distinct from lag(statements) over runs,
        false
      ) as follows
    from zen_runs
    where outcome = any (string_to_array($1::text, ','))
    window runs as (order by run_id)
  ) as runs
) as stretches
group by stretch, minute, outcome, statements
order by min(run_id)
