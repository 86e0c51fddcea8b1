-- They stand in aggregates now.
alter table zen_runs
drop column visits_rows,
drop column engagement_rows
