-- One row per failure that a check of a project finds, a handful of them. The check is a SELECT over relations: `log`, and the rows of
-- each aggregate under its name, where it names them. $1, $2: the period, Unix milliseconds; $3 as in window.sql. The relation
-- period is there for all checks, as a parameter that no part of a statement has could not be sent.
with period as (
  select
    timestamp 'epoch' + $1::bigint * interval '1 millisecond' as start_dt,
    timestamp 'epoch' + $2::bigint * interval '1 millisecond' as end_dt
  where $3::text is not null
):relations
select :columns
from (
:check
) as failures
limit 4
