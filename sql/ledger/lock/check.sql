-- One row: whether process $1, which leads the run, still holds its share of the lock (and so no other run has begun).
select exists (
  select
  from pg_locks
  where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())
    and classid = 8021358
    and objid = (:home)::oid
    and objsubid = 2
    and pid = $1
    and granted
) as held
