-- One row per column of log_raw that holds integers.
select attname as name
from pg_attribute
where attrelid = to_regclass('log_raw')
  and attnum > 0
  and not attisdropped
  and atttypid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
