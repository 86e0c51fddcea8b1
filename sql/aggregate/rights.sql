-- One row per right on one of zen's tables that a run needs and this role lacks, by the table's name.
select
  relname as name,
  needed as lacks
from (select unnest(array[to_regclass('dash_users'), to_regclass('zen_runs'), :tables])) as own (id)
join pg_class on oid = id
cross join unnest(array['select', 'insert', 'delete']) as needed
where not has_table_privilege(oid, needed)
order by name, needed
