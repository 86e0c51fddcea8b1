-- One row, when the log has more than $1 events.
select
from :raw
offset $1::bigint
limit 1
