-- One row per row of dash_visits in the window [$1, $2), Unix milliseconds; a missing name comes as an empty one.
-- Ordered by bytes, so that two servers with different collations give one page.
select
  (extract(epoch from dt) * 1000)::bigint as dt,
  coalesce(item_topic, '') as item_topic,
  coalesce(source_topic, '') as source_topic,
  coalesce(age_segment, '') as age_segment,
  visits
from dash_visits
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
order by dash_visits.dt, item_topic collate "C", source_topic collate "C", age_segment collate "C"
