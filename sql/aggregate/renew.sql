-- One row: how many rows the statement of an aggregate makes in the window, and how many were taken out for it. $1, $2, $3 as in
-- ../log/window.sql, $4 and $5 as in renewal.sql.
with log as (:log),
made as (
  select :columns
  from (:statement) as made
),
:filling
select
  (select count(*) from filled)::bigint as rows,
  (select count(*) from gone)::bigint as gone
