-- One row per table of zen's that the search path of the role leads to: where and what it is, and what may keep a statement from seeing or
-- changing all of its rows. It reads the catalog alone, 2 ms.
-- hides: row security applies to this role, and no policy lets it see all rows; locks: nor delete all. columns: name and
-- type of each, a domain by what it is of, an enum as enum, a generated one as generated. others: further schemas of the path with a
-- table of that name. filtered: a view with a condition.
select
  case when found.oid = :log then 'log_raw' else relname end as name,
  nspname as schema,
  relkind::text as kind,
  relpersistence::text as persistence,
  quote_ident(current_user) as role,
  has_table_privilege(found.oid, 'select') as readable,
  row_security_active(found.oid) and not (whole.read and not whole.less) as hides,
  row_security_active(found.oid) and not (whole.read and whole.write and not whole.less) as locks,
  relkind = 'v' and pg_get_viewdef(found.oid) ~* '\mwhere\M' as filtered,
  (
    select json_object_agg(
      attname,
      case
        when coalesce(to_json(pg_attribute) ->> 'attgenerated', '') <> '' then 'generated'
        when typtype = 'e' then 'enum'
        else format_type(coalesce(nullif(typbasetype, 0), atttypid), null)
      end
    )
    from pg_attribute
    join pg_type on pg_type.oid = atttypid
    where attrelid = found.oid and attnum > 0 and not attisdropped
  ) as columns,
  (
    select string_agg(other.relnamespace::regnamespace::text, ', ')
    from pg_class as other
    where other.relname = found.relname
      and other.oid <> found.oid
      and other.relkind in ('r', 'p', 'v', 'm', 'f')
      and other.relnamespace::regnamespace::text = any (path.schemas)
  ) as others
from (
  select unnest(array[:log, to_regclass('dash_users'), to_regclass('zen_runs'), :tables])
) as wanted (id)
join pg_class as found on found.oid = wanted.id
cross join (
  select regexp_split_to_array(replace(reset_val, '"$user"', quote_ident(current_user)), '\s*,\s*') as schemas
  from pg_settings
  where name = 'search_path'
) as path
join pg_namespace on pg_namespace.oid = relnamespace
cross join lateral (
  select
    coalesce(bool_or(polpermissive and polcmd in ('*', 'r') and qual = 'true'), false) as read,
    coalesce(bool_or(polpermissive and polcmd in ('*', 'd') and qual = 'true'), false) as write,
    coalesce(bool_or(not polpermissive and polcmd in ('*', 'r', 'd') and qual <> 'true'), false) as less
  from (
    select polpermissive, polcmd::text, pg_get_expr(polqual, polrelid) as qual
    from pg_policy
    where polrelid = found.oid and (polroles = '{0}' or exists (
      select from unnest(polroles) as granted (role) where pg_has_role(role, 'usage')
    ))
  ) as policies
) as whole
