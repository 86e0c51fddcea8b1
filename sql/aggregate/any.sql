-- One row, when an aggregate has rows in the window [$1, $2), Unix milliseconds.
select
from :table
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
limit 1
