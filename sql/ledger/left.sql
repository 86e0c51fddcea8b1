-- One row: the first and the last event that the log has in [$1, $2), Unix milliseconds; nulls when it has none.
select
  :first as first,
  :last as last
from :raw
where :within
