-- The rows of an aggregate in the window [$4, $5), Unix milliseconds, with the columns that its statement makes.
select :columns
from :table
where dt >= timestamp 'epoch' + $4::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $5::bigint * interval '1 millisecond'
