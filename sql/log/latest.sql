-- One row: the last event of the log up to $1 (Unix milliseconds); null when there is none. Later ones are of a wrong clock, and say
-- nothing of when the feed was last alive.
select :last as last
from :raw
where :until and :possible
