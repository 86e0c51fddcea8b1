-- One row: ts of the log's first event from the year 1 to 9999, Unix milliseconds; null when there is none.
select :first as ts
from :raw
where :possible
