import { shorten } from '../../errors.ts';

export interface QualifiedName {
  schema: string;
  name: string;
}

/** A table whose rows a backup holds. */
export interface BackupTable extends QualifiedName {
  /** The columns of its rows, in their order. */
  columns: string[];
  /**
   * The types of its columns, when the backup declares them, as PostgreSQL writes them: `bigint`, `timestamp with time
   * zone`.
   */
  types: ReadonlyMap<string, string>;
}

/** Facts about a backup that it does not state itself, or states wrongly. */
export interface BackupOptions {
  /** The encoding of its text. */
  encoding?: string | undefined;
  /** The delimiter, and the quote and escape characters of a CSV. */
  delimiter?: string | undefined;
  quote?: string | undefined;
  escape?: string | undefined;
  /** The database to take from a script with several. */
  dbname?: string | undefined;
  /** The backup's names for its columns, by the log's names. */
  columns?: ReadonlyMap<string, string> | undefined;
}

/** A backup in any format. Its rows are read forwards, once. */
export interface Backup {
  readonly path: string;
  /** The name of its format. */
  readonly format: string;
  /** Bytes in all, and bytes read so far. */
  readonly size: number;
  readonly position: number;
  /** Sentences on how it is read, where that is not obvious; complete once its table has been found. */
  readonly notes: readonly string[];
  /**
   * Finds the table to take, or several tables to take as one.
   *
   * @param names see `Selection`
   * @throws ZenError `failed` when there is none, or when several are already known
   */
  find(...names: string[]): Promise<BackupTable>;
  /**
   * Yields the rows of that table in PostgreSQL's COPY text format, in pieces of whole rows. The line `\.` that ends
   * them in a dump is left out.
   *
   * @throws ZenError `failed` when they are damaged, cut short or perhaps incomplete
   */
  rows(table: BackupTable): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Lists the names of tables for an error, but not hundreds of them. */
export function describeTables(tables: readonly QualifiedName[]): string {
  const names = tables.slice(0, 10).map((table) => shorten(fullName(table), 100));
  return [...names, ...(tables.length > 10 ? ['…'] : [])].join(', ');
}

export function fullName({ schema, name }: QualifiedName): string {
  return `${schema}.${name}`;
}

/** Selects the columns of a part that the whole table has, in the table's order; a child may have more. */
export function inherited(columns: string[], types: BackupTable['types']): string[] {
  return types.size > 0 ? [...types.keys()].filter((name) => columns.includes(name)) : columns;
}
