-- One row: whether this session now holds the lock that a run holds. The number is "zen" in ASCII.
select pg_try_advisory_lock(8021358) as taken
