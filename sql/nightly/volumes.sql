-- One row per UTC day with events in the window [$1, $2), Unix milliseconds; day = its start, Unix milliseconds.
select
  (extract(epoch from date_trunc('day', dt)) * 1000)::bigint as day,
  sum(:events)::bigint as events
from :counted
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
group by 1
order by 1
