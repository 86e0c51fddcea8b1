-- One row: the schema that new tables come to stand in, quoted where it must be, whether it is there, and whether this role may create
-- in it, or make it.
select
  quote_ident(current_schema()) as name,
  to_regnamespace(quote_ident(current_schema())) is not null as there,
  coalesce(
    has_schema_privilege(to_regnamespace(quote_ident(current_schema())), 'create'),
    has_database_privilege(current_database(), 'create')
  ) as creates
