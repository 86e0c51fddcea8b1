-- One row per table of dash_visits and dash_engagement whose record_id has used up four fifths of the numbers that its type or its
-- sequence has: the sequence, by its name, and whether this role may widen both. None for a bigint, which does not run out.
select
  relname as name,
  owned.objid::regclass::text as sequence,
  pg_has_role(relowner, 'usage') as owned
from pg_class as full_table
join pg_attribute on attrelid = full_table.oid and attname = 'record_id' and atttypid in ('int4'::regtype, 'int2'::regtype)
join pg_depend as owned on refobjid = full_table.oid and refobjsubid = attnum and deptype in ('a', 'i')
join pg_sequence on seqrelid = owned.objid
where full_table.oid in (:tables)
  and owned.classid = 'pg_class'::regclass
  and case when has_sequence_privilege(seqrelid, 'select, usage') then pg_sequence_last_value(seqrelid) end
    > 0.8 * least(seqmax, case atttypid when 'int4'::regtype then 2147483647 else 32767 end)
