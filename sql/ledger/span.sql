-- One row: the first aggregated minute and the end of the last one, Unix milliseconds; nulls when there is nothing.
select
  (extract(epoch from min(dt)) * 1000)::bigint as start,
  (extract(epoch from max(dt)) * 1000)::bigint + 60000 as "end"
from (
  select min(dt) as dt from dash_visits
  union all
  select max(dt) from dash_visits
  union all
  select min(dt) from dash_engagement
  union all
  select max(dt) from dash_engagement
) as edges
