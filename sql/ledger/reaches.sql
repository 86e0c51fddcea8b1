-- One row per UTC day of dash_users: how many days before it its people are known of; and how many of the groups it was counted
-- with ($1: their keys, with commas between).
select
  (date_part('epoch', dt) * 1000)::bigint as day,
  min(dash_users.reach) as reach,
  count(distinct item_topic) filter (
    where every_topic is null and item_topic = any (string_to_array($1, ','))
  )::int as groups
from dash_users
group by dt
order by dt
