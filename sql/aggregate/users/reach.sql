-- For a table of an earlier zen, in which users are told from those of their own day alone.
alter table dash_users
add column reach smallint default 0
