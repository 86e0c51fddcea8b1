-- One row: what the server says it is, its time in Unix milliseconds, this role, and whether it may make tables where zen's come to stand.
select
  version() as version,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
  quote_ident(current_user) as role,
  current_schema() as home,
  has_schema_privilege(current_schema(), 'create') as creates
