-- One row: whether this role may read the log, and row security hides nothing of it.
select coalesce(
  has_table_privilege(to_regclass('log_raw'), 'select') and not row_security_active(to_regclass('log_raw')::oid),
  false
) as readable
