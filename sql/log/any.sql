-- One row, when the log has an event in [$1, $2), Unix milliseconds.
select
from :raw
where :within
limit 1
