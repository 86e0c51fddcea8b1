-- One row per UTC day of the window [$1, $2), Unix milliseconds, that has events in the aggregate that counts them: whether it has
-- users in dash_users. A probe of the index for each day: to group the rows took 3.5 s for 9.7 M of them, this takes 1 ms.
select
  (date_part('epoch', day) * 1000)::bigint as day,
  exists (
    select from dash_users
    where dt = day
  ) as counted
from (
  select
    timestamp 'epoch' + $1::bigint * interval '1 millisecond' as first,
    timestamp 'epoch' + $2::bigint * interval '1 millisecond' as last
) as bounds
cross join lateral generate_series(date_trunc('day', first), last, interval '1 day') as day
where exists (
  select from :counted
  where dt >= greatest(day, first)
    and dt < least(day + interval '1 day', last)
)
order by day
