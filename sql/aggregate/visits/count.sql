-- One row: the events that dash_visits holds of the window [$1, $2), Unix milliseconds, and whether triggers or rules may have changed
-- what was written into the aggregates.
select
  coalesce(sum(visits), 0)::bigint as events,
  (
    select bool_or(relhastriggers or relhasrules)
    from pg_class
    where oid in (to_regclass('dash_visits'), to_regclass('dash_engagement'))
  ) as guarded
from dash_visits
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
