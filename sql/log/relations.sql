-- One row per relation of this database that the transaction has locked, as reading it does, if only to prepare it: its object.
select distinct relation::bigint as id
from pg_locks
where pid = pg_backend_pid() and locktype = 'relation'
