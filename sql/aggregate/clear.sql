-- Empties the window [$1, $2), Unix milliseconds, of an aggregate before it is filled anew.
delete from :table
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
