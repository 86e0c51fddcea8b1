-- For the days that aggregate looks for and deletes, and the period that render reads.
create index if not exists dash_users_dt on dash_users (dt)
