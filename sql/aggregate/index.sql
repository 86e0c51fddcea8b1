-- For the window that aggregate deletes and render reads.
create index if not exists :index on :table (dt)
