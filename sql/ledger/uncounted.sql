-- One row per UTC day in the window [$1, $2), Unix milliseconds, that has events in the aggregate that counts the events, but no users in dash_users.
select (date_part('epoch', day) * 1000)::bigint as day
from (
  select distinct date_trunc('day', dt) as day
  from :counted
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
) as days
where not exists (
  select from dash_users
  where dt = day
)
order by day
