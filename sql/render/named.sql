-- One row per group (its key, see ../people/table.sql) that was counted on each day of which people are known, of the days that the
-- window [$1, $2) touches, Unix milliseconds.
select item_topic as key
from dash_users
where dt >= date_trunc('day', timestamp 'epoch' + $1::bigint * interval '1 millisecond')
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  and every_topic is null
group by item_topic
having count(distinct dt) = (
  select count(distinct dt)
  from dash_users
  where dt >= date_trunc('day', timestamp 'epoch' + $1::bigint * interval '1 millisecond')
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
)
