-- For the days that aggregate deletes and the period that render reads. BRIN, because it costs next to nothing to keep.
create index if not exists dash_users_dt on dash_users using brin (dt)
