-- Gives back this session's share of the run's lock.
select pg_advisory_unlock_shared(8021358)
