-- Topics without a name, of which more than a tenth of all shows are. Each row that a check gives is a failure.
select item_topic, sum(shows) as shows
from shows
where item_topic is null or item_topic = ''
group by item_topic
having sum(shows) > (select sum(shows) / 10 from shows)
