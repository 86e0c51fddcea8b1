-- The rows that the statement of an aggregate makes over the relation log. $1, $2, $3 as in ../log/window.sql.
with log as (:log)
select :columns
from (:statement) as made
