-- Events by minute, category and device; the log's item_type is the shop's device.
select
  dt,
  item_topic,
  item_type,
  count(*) as events
from log
group by dt, item_topic, item_type
