-- One row per column of the table :table that holds texts of so many characters at most, fewer than 65,536; quoted where it must be.
select quote_ident(attname) as name
from pg_attribute
where attrelid = to_regclass(':table')
  and attnum > 0
  and not attisdropped
  and atttypid = 'varchar'::regtype
  and atttypmod between 4 and 65539
