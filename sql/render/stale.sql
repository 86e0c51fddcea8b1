-- One row per UTC day (Unix milliseconds) on which dash_users has other users in some minute of the window [$1, $2) than
-- dash_engagement: a role that may not write it has aggregated that anew, or the log no longer had all of the day. Users with a
-- topic, an age and a kind of event are compared, for dash_users has a missing name and an empty one as one.
select distinct (date_part('epoch', date_trunc('day', dt)) * 1000)::bigint as day
from (
  select dt, sum(unique_users) as users
  from dash_engagement
  where dt >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
    and item_topic <> '' and age_segment <> '' and event <> ''
  group by dt
) as engagement
left join (
  select dash_users.dt + minute * interval '1 minute' as dt, sum(people) as users
  from dash_users, unnest(minutes, users) as returns (minute, people)
  where dash_users.dt >= date_trunc('day', timestamp 'epoch' + $1::bigint * interval '1 millisecond')
    and dash_users.dt < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
    and not every_topic and not every_age and or_event is null
    and item_topic <> '' and age_segment <> '' and event <> ''
  group by 1
) as people using (dt)
where engagement.users <> coalesce(people.users, 0)
order by day
