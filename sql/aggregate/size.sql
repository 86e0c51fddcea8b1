-- One row: about how many events log_raw holds, as the planner would have it (PostgreSQL's src/backend/optimizer/util/plancat.c,
-- estimate_rel_size: those of the last ANALYZE to a page, times its pages now); none where nothing is known, as of a view.
select reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::int) as events
from pg_class
where oid = to_regclass('log_raw') and relpages > 0 and reltuples >= 0 and relkind = 'r'
