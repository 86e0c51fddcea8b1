-- The rows of dash_visits in the window [$1, $2), Unix milliseconds, in the order in which fill.sql makes their columns.
select dt, item_topic, source_topic, age_segment, visits
from dash_visits
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
