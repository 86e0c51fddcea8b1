-- For a statement WITH a relation made: brings the rows that an aggregate has in the window [$4, $5), Unix milliseconds, up to it. Only
-- the minutes that differ are written, so that thirty runs of one day take no more room than one. Grouping compares NULLs as equal, too.
-- What is gone is counted first, so that it is out of the way of a unique index. A minute is told by its time alone, as a ctid
-- would not be enough in a partitioned table.
changed as (
  select dt
  from (
    select :compared, 1 as weight from made
    union all
    select :compared, -1
    from :table
    where dt >= timestamp 'epoch' + $4::bigint * interval '1 millisecond'
      and dt < timestamp 'epoch' + $5::bigint * interval '1 millisecond'
  ) as both_sides
  group by :columns
  having sum(weight) <> 0
),
gone as (
  delete from :table
  where dt in (select dt from changed)
    and dt >= timestamp 'epoch' + $4::bigint * interval '1 millisecond'
    and dt < timestamp 'epoch' + $5::bigint * interval '1 millisecond'
  returning 1
),
written as (
  insert into :table (:columns)
  select :columns
  from made
  where (select count(*) from gone) >= 0
    and dt in (select dt from changed)
),
filled as (
  select
  from made
)
