-- An aggregate: one row per minute and combination of its dimensions. Two have a definition of their own, in ../aggregates/tables.
create table if not exists :table (
  record_id bigserial primary key,
  dt timestamp,
  :columns
)
