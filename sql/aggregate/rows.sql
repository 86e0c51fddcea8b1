-- One row per row of an aggregate in [$1, $2), Unix milliseconds, in order: its minute in UTC, its dimensions, its measure.
select to_char(dt, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as dt, :columns
from :table
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
order by dt, :columns
