-- One row: this session's process. The lock, held alone until here, from here on is shared with the transactions of the run
-- (share.sql before release.sql leaves no moment without it). Nobody else can take it while any of them has a share.
select pg_backend_pid() as pid, pg_advisory_lock_shared(8021358), pg_advisory_unlock(8021358)
