import { shorten } from '../../errors.ts';

export interface QualifiedName {
  schema: string;
  name: string;
}

/** A table whose rows a backup holds. */
export interface BackupTable extends QualifiedName {
  /** The columns of its rows, in their order. */
  columns: string[];
  /** The types of its columns where the backup declares them, as PostgreSQL writes them: `bigint`, `timestamp with time zone`. */
  types: ReadonlyMap<string, string>;
}

/** Facts about a backup that it does not tell itself, or not truly. */
export interface BackupOptions {
  /** The encoding of its texts. */
  encoding?: string | undefined;
  /** The marks between, around and within the values of a CSV. */
  delimiter?: string | undefined;
  quote?: string | undefined;
  escape?: string | undefined;
  /** The database to take, of a script that has several. */
  dbname?: string | undefined;
  /** The names that its columns have there, by those of the log. */
  columns?: ReadonlyMap<string, string> | undefined;
}

/** A backup, of whatever format. Its rows are read forwards, once. */
export interface Backup {
  readonly path: string;
  /** The name of its format. */
  readonly format: string;
  /** Bytes to be read in all, and read so far. */
  readonly size: number;
  readonly position: number;
  /** Sentences on how it is read, where that is not plain; all of them when its table has been found. */
  readonly notes: readonly string[];
  /**
   * Finds the table to take, or the tables to take as one.
   *
   * @param names see `Selection`
   * @throws ZenError `failed` when there is none, or when there are several and it can be told by now
   */
  find(...names: string[]): Promise<BackupTable>;
  /**
   * The rows of that table in PostgreSQL's COPY text format, in pieces that end with a whole row, without the line `\.`
   * that ends them in a dump.
   *
   * @throws ZenError `failed` when they are damaged or cut short, or it is not certain that they are all
   */
  rows(table: BackupTable): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** The names of tables, for an error: not all of hundreds. */
export function describeTables(tables: readonly QualifiedName[]): string {
  const names = tables.slice(0, 10).map((table) => shorten(fullName(table), 100));
  return [...names, ...(tables.length > 10 ? ['…'] : [])].join(', ');
}

export function fullName({ schema, name }: QualifiedName): string {
  return `${schema}.${name}`;
}

/** Of the columns of a part, those that the whole table has, in its order: a child may have more. */
export function inherited(columns: string[], types: BackupTable['types']): string[] {
  return types.size > 0 ? [...types.keys()].filter((name) => columns.includes(name)) : columns;
}
