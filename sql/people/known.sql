-- One row per UTC day of [$1, $2), Unix milliseconds, that dash_visits or dash_users knows: how many events the one has, in all and
-- by minute (counted from 1970), as 26154720:3,26154721:1; and how many days before it the other one reaches (null: its users are
-- not counted).
select
  (date_part('epoch', day) * 1000)::bigint as day,
  sum(visits)::bigint as visits,
  coalesce(string_agg(minute, ','), '') as minutes,
  min(reach) as reach
from (
  select
    date_trunc('day', dt) as day,
    visits,
    (date_part('epoch', dt) / 60)::bigint || ':' || visits as minute,
    null::smallint as reach
  from (
    select dt, sum(visits) as visits
    from dash_visits
    where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
      and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
    group by dt
  ) as minutes
  union all
  select dt, 0, null, min(dash_users.reach)
  from dash_users
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  group by dt
) as days
group by day
