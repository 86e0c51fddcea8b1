-- One row: the unique users of shows and of views in the window [$1, $2), Unix milliseconds, summed over its cells.
select
  coalesce(sum(case event when 'show' then unique_users end), 0)::bigint as shows,
  coalesce(sum(case event when 'view' then unique_users end), 0)::bigint as views
from dash_engagement
where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
  and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
