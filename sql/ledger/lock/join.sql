-- Takes a share of the run's lock until the end of the transaction, so that no other run starts before it.
select pg_advisory_xact_lock_shared(8021358, :home)
