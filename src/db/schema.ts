import { readExtensions, tableOf } from '../files.ts';
import { quoteName, quoteText } from './database.ts';

/** Zen's tables, those of a project's aggregates among them. No statement of zen's uses these words for anything else. */
function listZenTables(): string[] {
  const aggregates = readExtensions('sql/aggregates').map(({ name }) => tableOf(name));
  return ['log_raw', ...aggregates, 'dash_users', 'zen_runs'];
}

let own: string | undefined;

/** Sets the schema of zen's tables, except the log; without an argument, the search path chooses. */
export function useSchema(schema: string | undefined): void {
  own = schema;
}

/** The schema that zen's tables were given; undefined where the search path chooses. */
export function findOwnSchema(): string | undefined {
  return own;
}

/** Writes a statement's tables with their schemas. */
export type Qualify = (text: string) => string;

type Ask = (text: string) => Promise<Record<string, unknown>[]>;

/**
 * Shuts a session off from what others may have put on its search path (PostgreSQL's CVE-2018-1058). Whoever may create in a schema of
 * it can plant functions and operators that fit a statement's types better than the built-in ones, wherever they stand on the path. So
 * names resolve in `pg_catalog` alone, and zen's tables are found here, once, where the path of the role or database has them: each
 * in the first schema that does, else in the first schema of all; those of a schema of their own, there. Temporary tables are not
 * looked at.
 *
 * @param ask runs a statement without `Qualify`
 */
export async function pinSearchPath(ask: Ask): Promise<Qualify> {
  const [first] = await ask(
    'select pg_catalog.array_to_json(pg_catalog.current_schemas(false))::pg_catalog.text as path',
  );
  const path = JSON.parse(String(first?.path)) as string[];
  await ask(
    `select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
      pg_catalog.set_config('standard_conforming_strings', 'on', false)`,
  );
  const zenTables = listZenTables();
  const rows = (await ask(
    `select relname::text as table, nspname::text as schema
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    where relname in (${zenTables.map(quoteText).join(', ')})`,
  )) as { table: string; schema: string }[];
  const [usual = own ?? 'public'] = path; // of schemas that it may not use, none is on it
  const schemaOf = (table: string) =>
    own !== undefined && table !== 'log_raw'
      ? own
      : (path.find((schema) => rows.some((row) => row.table === table && row.schema === schema)) ?? usual);
  const places = new Map(
    zenTables.map((table) => [table, `${quoteName(schemaOf(table))}.${quoteName(table)}`]),
  );
  const home = quoteText(own ?? usual);
  const tableNames = matchTables(zenTables);
  return (text) =>
    text.replace(tableNames, (whole, literal?: string, table?: string) => {
      if (literal !== undefined) return quoteText(places.get(literal) ?? literal);
      return table === undefined ? home : (places.get(table) ?? whole);
    });
}

/** Matches a table's name for `to_regclass`, or as an identifier, unless it has its schema; and the schema that new tables come to stand in. */
function matchTables(tables: readonly string[]): RegExp {
  const names = tables.join('|');
  return new RegExp(
    `(?<=to_regclass\\()'(${names})'|(?<![.\\w"']|rename to )(?:"(?=\\w+"))?\\b(${names})\\b(?!')"?|\\bcurrent_schema\\(\\)`,
    'g',
  );
}
