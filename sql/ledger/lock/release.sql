-- One row: whether this session, if it is process $1, gave back its share of the run's lock.
select case when pg_backend_pid() = $1 then pg_advisory_unlock_shared(8021358, :home) else false end as released
