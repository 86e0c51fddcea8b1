-- One row on the whole log. Times are Unix milliseconds, first and last among the events of 2000 to 2100; in_seconds are
-- those outside that would be inside if their ts were seconds. The few names are counted in subqueries, which hash, in
-- parallel; the many ids by sorting: hashed in parallel, 3.2 M of them took PostgreSQL 15 more than a minute.
-- The subqueries are joined, for Citus refuses them among the columns.
-- src/restore/tally.ts counts the same of rows that pass: change both.
select
  first,
  last,
  item_topics,
  source_topics,
  age_segments,
  events,
  duplicate_ids,
  outside,
  in_seconds,
  ts_nulls,
  user_id_nulls,
  item_topic_nulls,
  source_topic_nulls,
  age_segment_nulls,
  event_nulls
from (
  select
    (min(ts) filter (where ts >= 946684800000 and ts < 4102444800000))::bigint as first,
    (max(ts) filter (where ts >= 946684800000 and ts < 4102444800000))::bigint as last,
    count(*) filter (where ts < 946684800000 or ts >= 4102444800000) as outside,
    count(*) filter (where ts >= 946684800 and ts < 4102444800) as in_seconds,
    count(*) - count(ts) as ts_nulls,
    count(*) - count(user_id) as user_id_nulls,
    count(*) - count(item_topic) as item_topic_nulls,
    count(*) - count(source_topic) as source_topic_nulls,
    count(*) - count(age_segment) as age_segment_nulls,
    count(*) - count(event) as event_nulls
  from log_raw
) as rows
cross join (select count(event_id) - count(distinct event_id) as duplicate_ids from log_raw) as ids
cross join (select count(item_topic) as item_topics from (select distinct item_topic from log_raw) as names) as items
cross join (select count(source_topic) as source_topics from (select distinct source_topic from log_raw) as names) as sources
cross join (select count(age_segment) as age_segments from (select distinct age_segment from log_raw) as names) as ages
cross join (select count(event) as events from (select distinct event from log_raw) as names) as kinds
