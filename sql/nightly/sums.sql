-- One row: the unique users of the first step of the funnel, $3, and of the last, $4, in the window [$1, $2), Unix milliseconds, summed over
-- its cells.
select
  coalesce(sum(case event when $3::text then unique_users end), 0)::bigint as first,
  coalesce(sum(case event when $4::text then unique_users end), 0)::bigint as last
from dash_engagement
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
