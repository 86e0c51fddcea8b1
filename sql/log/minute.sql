-- One row: the minute of the first event with ts in [$1, $2), Unix milliseconds, by the rule $3 of window.sql.
with log as (:log)
select (minute * 60000)::bigint as minute
from log
limit 1
