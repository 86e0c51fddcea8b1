-- One row: whether this role may fill dash_users, where it is, or make it, where it is not.
select coalesce(
  has_table_privilege(to_regclass('dash_users'), 'insert') and has_table_privilege(to_regclass('dash_users'), 'delete')
    and has_table_privilege(to_regclass('dash_users'), 'select'),
  has_schema_privilege(to_regnamespace(quote_ident(current_schema())), 'create'),
  has_database_privilege(current_database(), 'create')
) as may
