-- For a statement WITH a relation made: fills an aggregate that has no rows in the window.
gone as (
  select
  where false
),
filled as (
  insert into :table (:columns)
  select :columns
  from made
  returning 1
)
