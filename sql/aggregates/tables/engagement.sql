-- The funnel, as in the brief. One row is one minute x item_topic x event x age_segment.
create table if not exists dash_engagement (
  record_id serial primary key,
  dt timestamp,
  item_topic varchar(128),
  event varchar(128),
  age_segment varchar(128),
  unique_users bigint
)
