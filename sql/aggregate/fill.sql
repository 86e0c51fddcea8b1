-- Fills an aggregate with what its statement makes. $1, $2, $3 as in ../log/window.sql.
insert into :table (:columns)
:made
