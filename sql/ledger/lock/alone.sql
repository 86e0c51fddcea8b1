-- One row when nobody else holds the lock that a run holds (see take.sql), none otherwise: this session's process. The transaction
-- holds it alone until its end.
select pg_backend_pid() as pid
where pg_try_advisory_xact_lock(8021358, :home)
