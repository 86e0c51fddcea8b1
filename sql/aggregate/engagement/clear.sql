-- Empties the window [$1, $2), Unix milliseconds, before it is filled anew.
delete from dash_engagement
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
