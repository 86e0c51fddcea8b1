-- How many days before its own a user of a day is told from. In tables of before, that was none.
alter table if exists dash_users
add column if not exists reach smallint default 0
