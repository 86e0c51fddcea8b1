-- One row: the first and the last event that the log has in [$1, $2), Unix milliseconds; nulls when it has none. Without a btree
-- on ts, a narrow window keeps it from being read as a whole: the last of 10 M events is found among the last pages.
select
  :first as first,
  :last as last
from :raw
where :within
