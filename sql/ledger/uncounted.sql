-- One row per UTC day of the window [$1, $2), Unix milliseconds, that has events in the aggregate that counts them: whether it has
-- users in dash_users.
select
  (date_part('epoch', day) * 1000)::bigint as day,
  exists (
    select from dash_users
    where dt = day
  ) as counted
from (
  select distinct date_trunc('day', dt) as day
  from :counted
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
) as days
order by day
