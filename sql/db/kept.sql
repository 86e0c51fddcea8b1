-- One row per table that a transaction locks before it looks at anything: its name, and the mode.
-- log_raw, where it is a table that this role may read, before a snapshot (as reading does, in access share mode). Else TRUNCATE, as a
-- restore does, could come in between, and the log would look empty (PostgreSQL's documentation, 13.6 "Caveats").
-- For a superuser, the tables of other roles (as writing does, in row exclusive mode): nobody can add a trigger or a rule meanwhile.
select pg_class.oid::regclass::text as name, case when is_foreign then 'row exclusive' else 'access share' end as mode
from pg_class
join pg_roles on pg_roles.oid = relowner
cross join lateral (
  select not rolsuper and exists (select from pg_roles where rolname in (current_user, session_user) and rolsuper) as is_foreign
) as owned
where pg_class.oid in (:tables)
  and relkind in ('r', 'p')
  and has_table_privilege(pg_class.oid, 'select')
  and (is_foreign or pg_class.oid = to_regclass('log_raw'))
order by name
