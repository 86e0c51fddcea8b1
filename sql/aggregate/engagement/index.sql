-- For the window that aggregate deletes and render reads.
create index if not exists dash_engagement_dt on dash_engagement (dt)
