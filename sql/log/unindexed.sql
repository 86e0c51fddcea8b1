-- One row, when the log is a table on which no index begins with the column that tells its time.
select
from pg_class as log
where log.oid = :log
  and relkind in ('r', 'p')
  and not exists (
    select
    from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = log.oid and quote_ident(attname) = quote_ident(:time)
  )
