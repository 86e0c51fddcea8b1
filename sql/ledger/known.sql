-- One row per UTC day (Unix milliseconds) of [$1, $2), Unix milliseconds, that dash_visits or dash_users knows: how many events the
-- one has of each minute of the day, as 720:3,721:1; and how many days before it the other one reaches (null: its users are not counted).
select
  (date_part('epoch', day) * 1000)::bigint as day,
  coalesce(string_agg(minute, ','), '') as minutes,
  min(reach) as reach
from (
  select
    date_trunc('day', dt) as day,
    (date_part('epoch', dt - date_trunc('day', dt)) / 60)::int || ':' || sum(visits) as minute,
    null::smallint as reach
  from dash_visits
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by dt
  union all
  select date_trunc('day', dt), null, min(dash_users.reach)
  from dash_users
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by dt
) as days
group by day
