-- One row per minute x item_topic x source_topic x age_segment that has events; visits = events.
-- events: visits
select
  dt,
  item_topic,
  source_topic,
  age_segment,
  count(*) as visits
from log
group by dt, item_topic, source_topic, age_segment
