-- One row: the layout that the comment on zen_runs states, null where it states none; whether the table has the columns of layout 1;
-- and whether this role may change it.
select
  substring(obj_description(oid, 'pg_class') from 'layout (\d+)')::int as layout,
  exists (select from pg_attribute where attrelid = zen.oid and attname = 'visits_rows' and not attisdropped) as old,
  pg_has_role(relowner, 'usage') as owned
from pg_class as zen
where oid = to_regclass('zen_runs')
