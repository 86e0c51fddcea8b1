-- Empties the days [$1, $2), Unix milliseconds, before they are filled anew.
delete from dash_users
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
