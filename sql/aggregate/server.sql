-- One row: what the server says it is, its time in Unix milliseconds, and this role.
select
  version() as version,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
  quote_ident(current_user) as role
