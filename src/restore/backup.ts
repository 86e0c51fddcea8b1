import { shorten, ZenError } from '../errors.ts';

export interface TableName {
  schema: string;
  name: string;
}

/** A table whose rows a backup holds. */
export interface Table extends TableName {
  /** The columns of its rows, in their order. */
  columns: string[];
  /** The types of its columns where the backup declares them, as PostgreSQL writes them: `bigint`, `timestamp with time zone`. */
  types: ReadonlyMap<string, string>;
}

/** A backup, of whatever format. Its rows are read forwards, once. */
export interface Backup {
  readonly path: string;
  /** Bytes to be read in all, and read so far. */
  readonly size: number;
  readonly position: number;
  /**
   * Finds the table to take, by `name` or `schema.name`.
   *
   * @throws ZenError `failed` when there is none, or when there are several and it can be told by now
   */
  find(name: string): Promise<Table>;
  /**
   * The rows of that table in PostgreSQL's COPY text format, in pieces that end with a whole row, without the line `\.`
   * that ends them in a dump.
   *
   * @throws ZenError `failed` when they are damaged or cut short
   */
  rows(table: Table): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * The one table of that name, `name` or `schema.name`.
 *
 * @throws ZenError `failed` when there is none, or several
 */
export function chooseTable<T extends Table>(tables: readonly T[], wanted: string, path: string): T {
  const matches = tables.filter((table) => isNamed(table, wanted));
  const [found, another] = matches;
  if (!found) {
    const held = list(tables) || 'none';
    throw new ZenError(
      'failed',
      `${path} holds no data of a table ${wanted} (its tables: ${held}). Choose one with --table.`,
    );
  }
  if (another) throw severalTables(matches, wanted, path);
  return found;
}

export function severalTables(matches: readonly TableName[], wanted: string, path: string): ZenError {
  return new ZenError(
    'failed',
    `${path} holds several tables ${wanted}: ${list(matches)}. Choose one with --table.`,
  );
}

/** The names of tables, for an error: not all of hundreds. */
function list(tables: readonly TableName[]): string {
  const names = tables.slice(0, 10).map((table) => shorten(fullName(table), 100));
  return [...names, ...(tables.length > 10 ? ['…'] : [])].join(', ');
}

export function isNamed(table: TableName, wanted: string): boolean {
  return wanted === table.name || wanted === fullName(table);
}

export function fullName({ schema, name }: TableName): string {
  return `${schema}.${name}`;
}
