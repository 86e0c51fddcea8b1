-- For the sessions of a run, where the server knows these settings (PostgreSQL 14): the one that leads is idle while the others
-- work, and must not be ended for that; and a server that works for a client that was killed should notice and stop.
select set_config(name, case name when 'idle_session_timeout' then '0' else '1s' end, false)
from pg_settings
where name in ('idle_session_timeout', 'client_connection_check_interval')
