-- They stand in written now.
alter table zen_runs
drop column visits_rows,
drop column engagement_rows
