-- How many people came back, and after how long; no one is named. One row is one minute × scope × kind of event × the minute
-- in which these users had last been seen there before, on the same UTC day (null: not yet on that day).
-- A scope is a card topic, or with every_topic all of them, and an age, or with every_age all of them. With or_event, either of
-- two kinds of event counts. So users(shown and clicked) = users(show) + users(click) - users(show or click).
-- The distinct users of a scope in [a, b) of one UTC day are the sum of users over dt in [a, b) with previous null or before a:
-- each of them has exactly one first minute in [a, b), and what was before that lies before a. Nobody is counted twice, for
-- any later minute of theirs in [a, b) has a previous one that is not before a.
create table if not exists dash_users (
  dt timestamp,
  previous timestamp,
  every_topic boolean,
  item_topic varchar(128),
  every_age boolean,
  age_segment varchar(128),
  event varchar(128),
  or_event varchar(128),
  users bigint
)
