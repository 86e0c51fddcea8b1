-- The history of events, as in the brief. One row is one minute x item_topic x source_topic x age_segment.
create table if not exists dash_visits (
  record_id serial primary key,
  item_topic varchar(128),
  source_topic varchar(128),
  age_segment varchar(128),
  dt timestamp,
  visits int
)
