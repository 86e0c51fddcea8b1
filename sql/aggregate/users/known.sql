-- One row per UTC day of [$1, $2), Unix milliseconds, that dash_visits or dash_users knows: how many events the one has, and how
-- many days before it the other one reaches (null: its users are not counted).
select
  (date_part('epoch', day) * 1000)::bigint as day,
  sum(visits)::bigint as visits,
  min(reach) as reach
from (
  select date_trunc('day', dt) as day, sum(visits) as visits, null::smallint as reach
  from dash_visits
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by day
  union all
  select dt, 0, min(dash_users.reach)
  from dash_users
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by dt
) as days
group by day
