-- One row on the whole log. Times are Unix milliseconds, first and last among the events of 2000 to 2100; in_seconds are
-- those outside that would be inside if their ts were seconds. The few names are counted in subqueries, which hash, in
-- parallel; the many ids by sorting: hashed in parallel, 3.2 M of them took PostgreSQL 15 more than a minute.
-- src/restore/tally.ts counts the same of rows that pass: change both.
select
  min(ts) filter (where ts >= 946684800000 and ts < 4102444800000) as first,
  max(ts) filter (where ts >= 946684800000 and ts < 4102444800000) as last,
  (select count(item_topic) from (select distinct item_topic from log_raw) as names) as item_topics,
  (select count(source_topic) from (select distinct source_topic from log_raw) as names) as source_topics,
  (select count(age_segment) from (select distinct age_segment from log_raw) as names) as age_segments,
  (select count(event) from (select distinct event from log_raw) as names) as events,
  (select count(event_id) - count(distinct event_id) from log_raw) as duplicate_ids,
  count(*) filter (where ts < 946684800000 or ts >= 4102444800000) as outside,
  count(*) filter (where ts >= 946684800 and ts < 4102444800) as in_seconds,
  count(*) - count(ts) as ts_nulls,
  count(*) - count(user_id) as user_id_nulls,
  count(*) - count(item_topic) as item_topic_nulls,
  count(*) - count(source_topic) as source_topic_nulls,
  count(*) - count(age_segment) as age_segment_nulls,
  count(*) - count(event) as event_nulls
from log_raw
