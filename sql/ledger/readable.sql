-- One row: whether this role may read the log.
select coalesce(has_table_privilege(to_regclass('log_raw'), 'select'), false) as readable
