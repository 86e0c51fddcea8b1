-- An aggregate: one row per minute and combination of its dimensions, which is its key. An index on it would serve no statement. Two have
-- a definition of their own, in ../aggregates/tables.
create table if not exists :table (
  dt timestamp,
  :columns
)
