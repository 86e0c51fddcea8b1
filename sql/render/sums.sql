-- One row: how many rows both aggregates have in the window [$1, $2), Unix milliseconds, and the sums of their values.
select
  (select count(*) from dash_visits where dt >= since and dt < till)::bigint as visits_rows,
  (select coalesce(sum(visits), 0) from dash_visits where dt >= since and dt < till)::bigint as events,
  (select count(*) from dash_engagement where dt >= since and dt < till)::bigint as engagement_rows,
  (select coalesce(sum(unique_users), 0) from dash_engagement where dt >= since and dt < till)::bigint as users
from (
  select
    timestamp 'epoch' + $1::bigint * interval '1 millisecond' as since,
    timestamp 'epoch' + $2::bigint * interval '1 millisecond' as till
) as period
