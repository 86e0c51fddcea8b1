-- One row per column of the table :table, in their order, but for its key and the minute: its name, and whether it is a measure, which
-- is a number, or a dimension, which is not.
select attname as name, typcategory = 'N' as is_measure
from pg_attribute
  join pg_type on pg_type.oid = atttypid
where attrelid = to_regclass(':table')
  and attnum > 0
  and not attisdropped
  and attname not in ('record_id', 'dt')
order by attnum
