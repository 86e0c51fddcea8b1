-- One row: whether log_raw has an index named log_raw_ts, and whether this role may make one (PostgreSQL's
-- src/backend/commands/indexcmds.c, DefineIndex: it owns the table, and may create in its schema).
select
  exists (
    select from pg_index
    join pg_class as made on made.oid = indexrelid
    where indrelid = log.oid and made.relname = 'log_raw_ts'
  ) as indexed,
  pg_has_role(log.relowner, 'usage') and has_schema_privilege(log.relnamespace, 'create') as allowed
from pg_class as log
where log.oid = to_regclass('log_raw')
