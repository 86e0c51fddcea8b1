-- Until the end of the transaction: group by hashing, with room for it, and compile nothing. Sorting by names costs more than
-- the planner thinks, most of all in a language's order. A day of 322,391 events of 3.2 M, dash_engagement, median processor
-- time: 397 ms as the server is set, 263 ms without sorting, 213 ms with 64 MB too. More memory, where it is set, is kept;
-- a setting that the server does not have (jit before PostgreSQL 11) is left out.
select set_config(name, case name when 'work_mem' then greatest(setting::bigint, 65536)::text else 'off' end, true)
from pg_settings
where name in ('enable_sort', 'jit', 'work_mem')
