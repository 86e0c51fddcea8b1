import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { Archive } from './archive.ts';
import type { TableData } from './archive.ts';
import { readColumns, readRows } from './rows.ts';

export interface RestoreOptions {
  /** Add to what `log_raw` holds, instead of replacing it. */
  append: boolean;
  /** The table to take from the dump, `name` or `schema.name`. */
  table: string;
}

export interface Restored {
  rows: number;
  /** Bytes of the dump. */
  bytes: number;
}

/** The columns of `log_raw`; those that the aggregates need are true. */
const columns: Record<string, boolean> = {
  event_id: false,
  age_segment: true,
  event: true,
  item_id: false,
  item_topic: true,
  item_type: false,
  source_id: false,
  source_topic: true,
  source_type: false,
  ts: true,
  user_id: true,
};

/**
 * Loads the log from a backup into `log_raw`, in one transaction. Only the rows of that table are taken: nothing that
 * the dump says is executed.
 *
 * @param onProgress told the bytes read and the size of the dump
 * @throws ZenError `failed` for a dump that is damaged, or holds no such table
 */
export async function restore(
  db: Database,
  path: string,
  { append, table }: RestoreOptions,
  onProgress: (bytes: number, size: number) => void = () => undefined,
): Promise<Restored> {
  const archive = await Archive.open(path);
  try {
    const data = findTable(archive, table, path);
    const names = checkColumns(readColumns(data.copy), path);
    const source = report(readRows(archive.read(data)), () => {
      onProgress(archive.position, archive.size);
    });
    const rows = await db.transaction((session) => load(session, names, source, append));
    return { rows, bytes: archive.size };
  } finally {
    await archive.close();
  }
}

/** Whether the database already holds events that a restore would replace. */
export async function hasEvents(db: Database): Promise<boolean> {
  return (await hasTable(db, 'log_raw')) && (await db.query('select from log_raw limit 1')).length > 0;
}

function findTable(archive: Archive, name: string, path: string): TableData {
  const matches = archive.tables.filter(
    ({ schema, table }) => name === table || name === `${schema}.${table}`,
  );
  const [found, another] = matches;
  if (!found) {
    const held = archive.tables.map(({ schema, table }) => `${schema}.${table}`).join(', ') || 'none';
    throw new ZenError(
      'failed',
      `${path} holds no data of a table ${name} (its tables: ${held}). Choose one with --table.`,
    );
  }
  if (another) {
    const names = matches.map(({ schema, table }) => `${schema}.${table}`).join(', ');
    throw new ZenError('failed', `${path} holds several tables ${name}: ${names}. Choose one with --table.`);
  }
  return found;
}

function checkColumns(names: string[], path: string): string[] {
  const missing = Object.keys(columns).filter((name) => columns[name] && !names.includes(name));
  if (missing.length > 0)
    throw new ZenError('failed', `The log in ${path} lacks the column ${missing.join(', ')}.`);
  const unknown = names.filter((name) => !Object.hasOwn(columns, name));
  if (unknown.length > 0) {
    throw new ZenError(
      'failed',
      `The log in ${path} has a column that Zen does not know: ${unknown.join(', ')}.`,
    );
  }
  return names;
}

async function* report<T>(source: AsyncIterable<T>, onChunk: () => void): AsyncGenerator<T> {
  for await (const chunk of source) {
    onChunk();
    yield chunk;
  }
}

async function load(
  session: Session,
  names: string[],
  source: AsyncIterable<Uint8Array>,
  append: boolean,
): Promise<number> {
  if (!(await hasTable(session, 'log_raw'))) await session.run(sql('restore/table'));
  if (!append) await session.run('truncate log_raw');
  const rows = await session.copy('log_raw', names, source);
  await session.run(sql('restore/index'));
  await session.run('analyze log_raw');
  return rows;
}
