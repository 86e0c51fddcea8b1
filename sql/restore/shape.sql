-- One row on log_raw. plain: it keeps rows as they are sent (an ordinary table; no triggers or rules, which distributed
-- tables have too; its names are compared byte by byte, the database's own collation being 100), so that what was sent is
-- what it holds.
select
  relkind = 'r' and not relhastriggers and not relhasrules and not relhassubclass and not exists (
    select from pg_attribute
    where attrelid = log.oid
      and attname in ('item_topic', 'source_topic', 'age_segment', 'event')
      and (atttypid not in ('varchar'::regtype, 'text'::regtype) or attcollation <> 100)
  ) as plain
from pg_class as log
where log.oid = to_regclass('log_raw')
