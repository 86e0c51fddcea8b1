-- One row per row of the aggregate in the table :table whose minute lies in [$1, $2), Unix milliseconds.
select *
from :table
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
