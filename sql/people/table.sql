-- People who came back, and after how long; no one is named. One row is one UTC day (dt, its midnight) x scope x kind of
-- event. Its arrays are of one order: in minute n of the day (from 0) users that had last been seen there in minute `previous`
-- (counted from the same midnight, so that those of days before are below 0; null: not on this day nor on the `reach` days
-- before it, the most that is known). As rows of single minutes, a day of 3.0 M events took 920 MB and 66 s, as arrays it takes
-- 45 MB and 22 s.
-- A scope is a card topic, or with every_topic all of them, and an age, or with every_age all of them. With or_event, either of
-- two kinds of event counts. So users(shown and clicked) = users(show) + users(click) - users(show or click). Empty names stand
-- as NULL: both are "not set".
-- A group of topics, or of ages, is a scope of its own, as those of its names do not add up: every_topic, or every_age, is NULL, and
-- the name is the key of the group, the SHA-256 of its names. A day has a row with that topic for each group that it was counted
-- with, if only without users.
-- The distinct users of a scope in [a, b) are the sum of users over minutes in [a, b) with previous null or before a, where each
-- day in it reaches back to a: each of them has exactly one first minute in [a, b), and what was before that lies before a.
-- Nobody is counted twice, for any later minute of theirs in [a, b) has a previous one that is not before a.
create table if not exists dash_users (
  dt timestamp,
  reach smallint,
  every_topic boolean,
  item_topic varchar(128),
  every_age boolean,
  age_segment varchar(128),
  event varchar(128),
  or_event varchar(128),
  minutes smallint[],
  previous smallint[],
  users int[]
)
