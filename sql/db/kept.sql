-- One row where log_raw is a table that this role may read: its name. A transaction with a snapshot locks it (in access share mode,
-- as reading does) before it takes the snapshot. Else TRUNCATE, as a restore does, could come in between, and the log would look
-- empty (PostgreSQL's documentation, 13.6 "Caveats").
select oid::regclass::text as name
from pg_class
where oid = to_regclass('log_raw')
  and relkind in ('r', 'p')
  and has_table_privilege(oid, 'select')
