-- At most one row: the session that has held the run's lock longest. Times are Unix milliseconds; some are null where the role
-- may not see other roles' sessions.
select
  pid,
  usename as "user",
  application_name as name,
  (extract(epoch from backend_start) * 1000)::bigint as since
from pg_stat_activity
join pg_locks using (pid)
where locktype = 'advisory'
  and database = (select oid from pg_database where datname = current_database())
  and classid = 8021358
  and objid = (:home)::oid
  and objsubid = 2
  and granted
order by backend_start
limit 1
