-- One row on the whole log. Times are Unix milliseconds, first and last among the events of 2000 to 2100; in_seconds are
-- those outside that would be inside if their ts were seconds. The few names are counted in subqueries, which hash, in
-- parallel; the many ids by sorting: hashed in parallel, 3.2 M of them took PostgreSQL 15 more than a minute.
-- kinds: the most frequent names of events, $2 of them; *_words: the names that are words for NULL, as $1 lists them, a line
-- each, in lower case.
-- The subqueries are joined, for Citus refuses them among the columns.
-- src/restore/copy/encode.ts counts the same of rows that pass: change both.
select
  first,
  last,
  item_topics,
  source_topics,
  age_segments,
  events,
  kinds,
  item_topic_words,
  source_topic_words,
  age_segment_words,
  event_words,
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
cross join (
  select
    count(item_topic) as item_topics,
    json_agg(
      json_build_object('column', 'item_topic', 'word', item_topic, 'events', times) order by times desc, item_topic::text collate "C"
    ) filter (where lower(btrim(item_topic::text)) = any (string_to_array($1, chr(10)))) as item_topic_words
  from (select item_topic, count(*) as times from log_raw group by item_topic) as names
) as items
cross join (
  select
    count(source_topic) as source_topics,
    json_agg(
      json_build_object('column', 'source_topic', 'word', source_topic, 'events', times) order by times desc, source_topic::text collate "C"
    ) filter (where lower(btrim(source_topic::text)) = any (string_to_array($1, chr(10)))) as source_topic_words
  from (select source_topic, count(*) as times from log_raw group by source_topic) as names
) as sources
cross join (
  select
    count(age_segment) as age_segments,
    json_agg(
      json_build_object('column', 'age_segment', 'word', age_segment, 'events', times) order by times desc, age_segment::text collate "C"
    ) filter (where lower(btrim(age_segment::text)) = any (string_to_array($1, chr(10)))) as age_segment_words
  from (select age_segment, count(*) as times from log_raw group by age_segment) as names
) as ages
cross join (
  select
    count(event) as events,
    to_json((array_agg(
      json_build_object('name', event, 'events', times) order by times desc, event::text collate "C"
    ) filter (where event is not null))[1:$2::int]) as kinds,
    json_agg(
      json_build_object('column', 'event', 'word', event, 'events', times) order by times desc, event::text collate "C"
    ) filter (where lower(btrim(event::text)) = any (string_to_array($1, chr(10)))) as event_words
  from (select event, count(*) as times from log_raw group by event) as names
) as kinds
