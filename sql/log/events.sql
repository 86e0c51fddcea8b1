-- One row: how many events the window [$1, $2) has, Unix milliseconds.
select count(*)::bigint as events
from :raw
where :within
