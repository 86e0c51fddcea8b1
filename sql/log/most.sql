-- One row: no more than about how many events the window [$1, $2) has, Unix milliseconds, and all of the log, as the planner would
-- have it; none where nothing is known, as of a view. The log's events are those of the last ANALYZE to a page, times its pages
-- now (PostgreSQL's src/backend/optimizer/util/plancat.c, estimate_rel_size); the window's, those that the steps of the histogram
-- of ts stand for which it touches. Where it reaches beyond the histogram, which may be older than the log's last days, they are
-- all events. A day of 0.3 M events of 10 M: 1 ms, 65 ms to count them.
select
  least(1, coalesce(share, 1)) * events as own,
  events as all
from (
  select
    reltuples / relpages * (pg_relation_size(log.oid) / current_setting('block_size')::int) as events,
    (
      select
        (width_bucket($2::numeric, bounds) - width_bucket($1::numeric, bounds) + 1) / (cardinality(bounds) - 1)::float8
        + coalesce((select sum(frequency) from unnest(most_common_freqs) as frequency), 0)
      from (
        select histogram_bounds::text::numeric[] as bounds, most_common_freqs
        from pg_stats
        where schemaname = nspname and tablename = relname and attname = 'ts' and not inherited
      ) as ts
      where $1::numeric >= bounds[1] and $2::numeric <= bounds[cardinality(bounds)]
    ) as share
  from pg_class as log
  join pg_namespace on pg_namespace.oid = relnamespace
  where log.oid = to_regclass('log_raw') and relpages > 0 and reltuples >= 0 and relkind = 'r'
) as log
