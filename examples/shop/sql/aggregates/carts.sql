-- What is put into the cart, which is a click in zen's words, by minute, category and channel.
select
  dt,
  item_topic,
  source_topic,
  count(*) as carts
from log
where event = 'click'
group by dt, item_topic, source_topic
