-- Code of another role that would run with the rights of a superuser who uses one of these tables: a view's functions, triggers, rules,
-- and all that is computed when a row is written. Its owner made it, but it runs as whoever reads or writes. Built-in functions count,
-- too: a superuser may call some that write files. What a superuser owns is trusted, but for triggers, which whoever was granted TRIGGER
-- may add. A foreign key that cascades has rows of its own table written, whose triggers run as who wrote first. None for other roles.
with recursive parts (id) as (
  select unnest(array[:tables])
  union
  select more
  from parts
  cross join lateral (
    select inhrelid as more from pg_inherits where inhparent = id
    union all
    select conrelid from pg_constraint where confrelid = id and contype = 'f' and confdeltype in ('c', 'n', 'd')
  ) as theirs
),
suspects as (
  select pg_class.oid as id, relname::text as name, relkind, rolname::text as owner
  from parts
  join pg_class on pg_class.oid = id
  join pg_roles on pg_roles.oid = relowner
  where not rolsuper
)
select name, owner, code, current_user::text as role
from (
  select 'The function of the trigger ' || tgname || ' of ' || relname as name, rolname::text as owner, 'it' as code, true as runs
  from parts
  join pg_class on pg_class.oid = id
  join pg_trigger on tgrelid = id and not tgisinternal
  join pg_proc on pg_proc.oid = tgfoid
  join pg_roles on pg_roles.oid = proowner
  where not rolsuper
  union all
  select name, owner, found.*
  from suspects
  cross join lateral (
    select 'that view' as code, true as runs where relkind = 'v'
    union all
    select 'the rule ' || rulename, true from pg_rewrite where ev_class = id and relkind <> 'v'
    union all
    select 'the trigger ' || tgname, tgqual is not null from pg_trigger where tgrelid = id and not tgisinternal
    union all
    select 'what computes ' || part, regexp_replace(text, '\m(nextval\(''[^'']*''::regclass\)|now\(\))', '', 'g') ~ '\w\(|::[^ ]+\.'
    from (
      select attname::text, pg_get_expr(adbin, adrelid)
      from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
      where adrelid = id
      union all
      select conname::text, pg_get_expr(conbin, conrelid) from pg_constraint where conrelid = id and contype = 'c'
      union all
      select 'an index', coalesce(pg_get_expr(indexprs, indrelid), '') || coalesce(pg_get_expr(indpred, indrelid), '')
      from pg_index where indrelid = id
      union all
      select 'the partition', coalesce(pg_get_expr(partexprs, partrelid), '') from pg_partitioned_table where partrelid = id
    ) as computed (part, text)
    union all
    select 'the domain of ' || attname, true
    from pg_attribute join pg_type on pg_type.oid = atttypid
    where attrelid = id and attnum > 0 and not attisdropped and typtype = 'd'
  ) as found
) as code
where runs and exists (select from pg_roles where rolname in (current_user, session_user) and rolsuper)
order by name, code
limit 1
