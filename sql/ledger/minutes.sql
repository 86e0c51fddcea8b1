-- One row per minute with an event in the window [$1, $2), both whole minutes: Unix milliseconds, in order. A probe of the index for
-- each minute takes microseconds; a minute of a busy log has thousands of rows, which distinct would read.
select minute
from generate_series($1::bigint, $2::bigint - 1, 60000) as minute
where exists (
  select 1
  from :counted
  where dt = timestamp 'epoch' + minute * interval '1 millisecond'
)
order by 1
