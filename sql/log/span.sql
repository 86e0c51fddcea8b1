-- One row: the first and last event of the log from the year 1 to 9999, Unix milliseconds; nulls when there are none.
select :first as first, :last as last
from :raw
where :possible
