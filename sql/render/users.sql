-- One row per scope of dash_users (see ../aggregate/users/table.sql) × how long its users had not been seen, in the window
-- [$1, $2), Unix milliseconds. Time is in steps of $4 minutes, counted from the one that holds $3 (Unix milliseconds), where the
-- page's period starts. since: steps since the user was last seen, 0 when that was before $3, or on no step of that UTC day; who
-- is seen twice in a step counts once. A missing name comes as an empty one; steps and users: arrays of the same order, as text.
select
  every_topic,
  item_topic,
  every_age,
  age_segment,
  event,
  or_event,
  since,
  array_agg(step)::text as steps,
  array_agg(users)::text as values
from (
  select
    every_topic,
    coalesce(item_topic, '') as item_topic,
    every_age,
    coalesce(age_segment, '') as age_segment,
    coalesce(event, '') as event,
    coalesce(or_event, '') as or_event,
    step,
    case when previous < timestamp 'epoch' + $3::bigint * interval '1 millisecond' then 0 else coalesce(step - before, 0) end as since,
    sum(users) as users
  from (
    select
      *,
      floor(date_part('epoch', dt) / 60 / $4::int)::int - floor($3::float8 / 60000 / $4::int)::int as step,
      floor(date_part('epoch', previous) / 60 / $4::int)::int - floor($3::float8 / 60000 / $4::int)::int as before
    from dash_users
    where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
      and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  ) as returns
  where before is null or before < step or previous < timestamp 'epoch' + $3::bigint * interval '1 millisecond'
  group by 1, 2, 3, 4, 5, 6, 7, 8
) as cells
group by 1, 2, 3, 4, 5, 6, 7
