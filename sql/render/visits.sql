-- One row per card topic x source topic x age in the window [$1, $2), Unix milliseconds; a missing name comes as an empty one.
-- minutes, counted from $3 (Unix milliseconds), and visits: arrays of the same order, as text, for that is the fastest to
-- fetch: a day of 2.6 million rows comes in some 4,000. In no particular order, which is what makes it cheap.
select
  coalesce(item_topic, '') as item_topic,
  coalesce(age_segment, '') as age_segment,
  coalesce(source_topic, '') as last,
  array_agg(floor((date_part('epoch', dt) - $3::float8 / 1000) / 60)::int)::text as minutes,
  array_agg(visits)::text as values
from dash_visits
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
group by 1, 2, 3
