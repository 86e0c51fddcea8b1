-- One row: how many events whole days hold, [$3, $4), and whether to count their users when the window [$1, $2) in them is
-- aggregated (Unix milliseconds): where they are counted already, they have to be counted anew; else only if no more is read
-- than twice the window.
select
  count(*)::bigint as events,
  exists (
    select
    from dash_users
    where dt >= timestamp 'epoch' + $3::bigint * interval '1 millisecond'
      and dt < timestamp 'epoch' + $4::bigint * interval '1 millisecond'
  )
  or count(*) <= 2 * count(*) filter (where ts >= $1::bigint and ts < $2::bigint) as worth
from log_raw
where ts >= $3::bigint and ts < $4::bigint
