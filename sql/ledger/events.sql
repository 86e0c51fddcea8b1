-- One row: the events of the window [$1, $2), Unix milliseconds.
select coalesce(sum(:events), 0)::bigint as events
from :counted
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
