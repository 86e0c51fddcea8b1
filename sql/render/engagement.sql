-- One row per card topic x event x age in the window; parameters, minutes and values as in visits.sql.
select
  coalesce(item_topic, '') as item_topic,
  coalesce(age_segment, '') as age_segment,
  coalesce(event, '') as last,
  array_agg(floor((date_part('epoch', dt) - $3::float8 / 1000) / 60)::int)::text as minutes,
  array_agg(unique_users)::text as values
from dash_engagement
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
group by 1, 2, 3
