-- The number of the schema that the aggregates are in, or will be: runs of different schemas have different locks.
coalesce(
  (select relnamespace from pg_class where oid = to_regclass(':counted')),
  to_regnamespace(quote_ident(current_schema()))::oid,
  0::oid
)::int
