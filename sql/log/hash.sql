-- Until the end of the transaction: group and join by hashing, with room for it, and compile nothing. Sorting by names costs more
-- than the planner thinks, most of all in a language's order. A day of 322,391 events of 3.2 M, dash_engagement, median processor
-- time: 397 ms as the server is set, 263 ms without sorting, 213 ms with 64 MB too. And where most events are newer than the last
-- ANALYZE, the planner means to compare each of them with each day of days.sql: 220 s for 0.97 M events and seven years, 2.4 s
-- hashed. More memory, where it is set, is kept; a setting that the server does not have (jit before PostgreSQL 11) is left out.
select set_config(name, case name when 'work_mem' then greatest(setting::bigint, 65536)::text else 'off' end, true)
from pg_settings
where name in ('enable_nestloop', 'enable_sort', 'jit', 'work_mem')
