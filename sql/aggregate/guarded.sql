-- One row: whether triggers or rules of the aggregates may have changed what was written into them.
select coalesce(bool_or(relhastriggers or relhasrules), false) as found
from pg_class
where oid in (:tables)
