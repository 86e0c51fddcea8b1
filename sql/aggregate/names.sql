-- One row: the number of names that the column :column of the aggregate :table has in [$1, $2), Unix milliseconds; counted up to one
-- more than $3.
select count(*)::int as names
from (
  select distinct :column
  from :table
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
  limit $3::int + 1
) as found
