-- One row per row of dash_engagement in the window; parameters and order as in visits.sql.
select
  (extract(epoch from dt) * 1000)::bigint as dt,
  coalesce(item_topic, '') as item_topic,
  coalesce(event, '') as event,
  coalesce(age_segment, '') as age_segment,
  unique_users
from dash_engagement
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
order by dash_engagement.dt, item_topic collate "C", event collate "C", age_segment collate "C"
