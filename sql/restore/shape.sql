-- One row on log_raw. plain: it keeps rows as they are sent (an ordinary table; no triggers or rules, which distributed
-- tables have too; its names are compared byte by byte, the database's own collation being 100), so that what was sent is
-- what it holds; and of the types that zen gives it, without checks, so that they can be sent as COPY binary. index: the
-- index on ts that a restore makes, not another one of that name, as a statement names it, if this role may make it anew (see
-- owner.sql). time: the type of ts, where that is no number.
select
  relkind = 'r' and not relhastriggers and not relhasrules and not relhassubclass and relchecks = 0 and not exists (
    select from pg_attribute
    where attrelid = log.oid
      and (
        attname in ('item_topic', 'source_topic', 'age_segment', 'event')
        and (atttypid not in ('varchar'::regtype, 'text'::regtype) or attcollation <> 100)
        or attname in ('event_id', 'item_id', 'item_type', 'source_id', 'source_type', 'ts', 'user_id')
        and atttypid not in ('bigint'::regtype, 'varchar'::regtype, 'text'::regtype)
      )
  ) as plain,
  (
    select index.oid::regclass::text
    from pg_index
    join pg_class as index on index.oid = indexrelid
    join pg_am on pg_am.oid = index.relam
    where indrelid = log.oid
      and index.relname = 'log_raw_ts'
      and amname = 'brin'
      and pg_has_role(log.relowner, 'usage')
      and has_schema_privilege(log.relnamespace, 'create')
  ) as index,
  (
    select format_type(atttypid, atttypmod)
    from pg_attribute
    join pg_type on pg_type.oid = atttypid
    where attrelid = log.oid and attname = 'ts' and typcategory <> 'N'
  ) as time
from pg_class as log
where log.oid = to_regclass('log_raw')
