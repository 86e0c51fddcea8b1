-- Empties the days that the window [$1, $2), Unix milliseconds, begins in or holds: all that it touches, when it ends at midnight.
delete from dash_users
where dt >= date_trunc('day', timestamp 'epoch' + $1::bigint * interval '1 millisecond')
  and dt < date_trunc('day', timestamp 'epoch' + $2::bigint * interval '1 millisecond')
