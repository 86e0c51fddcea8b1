-- For the window that aggregate deletes and render reads.
create index if not exists dash_visits_dt on dash_visits (dt)
