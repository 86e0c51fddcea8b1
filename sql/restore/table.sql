-- The log as Zen keeps it: one row is one event. Types as in the original; no key, because a log may repeat an id
-- and a distributed table could not have one.
create table if not exists log_raw (
  event_id bigint,
  age_segment varchar(128),
  event varchar(128),
  item_id bigint,
  item_topic varchar(128),
  item_type varchar(128),
  source_id bigint,
  source_topic varchar(128),
  source_type varchar(128),
  ts bigint,
  user_id bigint
)
