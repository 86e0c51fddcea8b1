-- Cards shown, by minute, topic and age. Text columns are dimensions; the one whole number is the measure.
select
  dt,
  item_topic,
  age_segment,
  count(*) as shows
from log
where event = 'show'
group by dt, item_topic, age_segment
