-- Until the end of the transaction: look an event up by the index on ts, where there is one, and alone. With a limit the planner
-- expects to come upon one early, and reads on from the table's start: the last of ten days, 517 ms so, 4 ms by the index (3.2 M
-- events). Of a stretch without events it starts helpers for what it expects: 60 ms, 1 ms without them.
select set_config(name, case name when 'enable_seqscan' then 'off' else '0' end, true)
from pg_settings
where name in ('enable_seqscan', 'max_parallel_workers_per_gather')
