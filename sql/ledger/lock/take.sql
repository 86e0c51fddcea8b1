-- One row when nobody else holds the lock that a run holds, none otherwise: this session's process. It holds the lock alone, then
-- shares it with the transactions of the run; the number is "zen" in ASCII. Nobody else can take it while any of them has a share.
-- It is one statement because a pooler may send the next one to another session, which would wait for this one for ever.
select pg_backend_pid() as pid, pg_advisory_lock_shared(8021358, :home), pg_advisory_unlock(8021358, :home)
where pg_try_advisory_lock(8021358, :home)
