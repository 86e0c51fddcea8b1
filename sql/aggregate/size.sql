-- One row: the bytes of the tables named in $1, those that exist, as far as one server holds them.
select coalesce(sum(pg_relation_size(to_regclass(name))), 0)::bigint as bytes
from unnest(string_to_array($1, ' ')) as name
