-- One aggregate at a time in this database, until the end of the transaction: a second one waits here, so that two cannot
-- fill one window twice, nor both make the tables. Readers go on reading. The number is "zen" in ASCII.
select pg_advisory_xact_lock(8021358)
