-- Purchases, which are the log's views in zen's words, by minute and category.
select
  dt,
  item_topic,
  count(*) as purchases
from log
where event = 'view'
group by dt, item_topic
