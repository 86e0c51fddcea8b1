import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import type { Backup } from './backup.ts';
import { guessTypes, mapColumns } from './columns.ts';
import type { Mapping } from './columns.ts';
import { summarize } from './summary.ts';
import type { Summary } from './summary.ts';

export interface RestoreOptions {
  /** Add to what `log_raw` holds, instead of replacing it. */
  append: boolean;
  /** The table to take from the dump, `name` or `schema.name`. */
  table: string;
}

/** How far a restore has come. */
export interface Progress {
  /** Bytes of the dump read, of how many. */
  bytes: number;
  size: number;
  rows: number;
}

export interface Restored {
  rows: number;
  /** Bytes of the dump. */
  bytes: number;
  /** Whether the log has its index; not when it belongs to another role, which did not make one. */
  indexed: boolean;
  /** Of the whole log, as it is now. */
  summary: Summary;
}

/**
 * Loads the log from a backup into `log_raw`, in one transaction. Only the rows of that table are taken: nothing that
 * the dump says is executed.
 *
 * @param onProgress told how far it has come, after each piece
 * @throws ZenError `failed` for a dump that is damaged, or holds no such table
 */
export async function restore(
  db: Database,
  backup: Backup,
  { append, table: name }: RestoreOptions,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<Restored> {
  const table = await backup.find(name);
  const pieces = backup.rows(table)[Symbol.asyncIterator]();
  const first = await pieces.next();
  const mapping = mapColumns(guessTypes(table, first.done ? Buffer.alloc(0) : first.value), backup.path);
  const source = convert(first, pieces, mapping, (rows) => {
    onProgress({ bytes: backup.position, size: backup.size, rows });
  });
  return db.transaction(async (session) => {
    const rows = await load(session, mapping, source, append);
    const indexed = await index(session);
    await session.run('analyze log_raw'); // of another role's table, the server only warns
    return { rows, bytes: backup.size, indexed, summary: await summarize(session) };
  });
}

/** The first piece and those after it, as rows of the log. */
async function* convert(
  first: IteratorResult<Buffer>,
  pieces: AsyncIterator<Buffer>,
  { map }: Mapping,
  report: (rows: number) => void,
): AsyncGenerator<Buffer> {
  let rows = 0;
  for (let piece = first; !piece.done; piece = await pieces.next()) {
    rows += countRows(piece.value);
    report(rows);
    yield map(piece.value);
  }
}

function countRows(piece: Buffer): number {
  let rows = 0;
  for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) rows++;
  return rows;
}

const newline = 10;

/** Whether the database already holds events that a restore would replace. */
export async function hasEvents(db: Database): Promise<boolean> {
  return (await hasTable(db, 'log_raw')) && (await db.query('select from log_raw limit 1')).length > 0;
}

async function load(
  session: Session,
  { columns, texts }: Mapping,
  source: AsyncIterable<Uint8Array>,
  append: boolean,
): Promise<number> {
  if (!(await hasTable(session, 'log_raw'))) await session.run(sql('restore/table'));
  if (!append) await session.run('truncate log_raw');
  await holdTexts(session, texts, append);
  return session.copy('log_raw', columns, source);
}

/** Makes the index if it is missing and may be made; whether the log has it then. */
async function index(session: Session): Promise<boolean> {
  const [log] = await session.query<{ indexed: boolean; allowed: boolean }>(sql('restore/owner'));
  if (log?.indexed || !log?.allowed) return log?.indexed === true;
  await session.run(sql('restore/index'));
  return true;
}

/** Ids are numbers unless the backup holds texts: then their columns become text, which an emptied table allows. */
async function holdTexts(session: Session, texts: string[], append: boolean): Promise<void> {
  const numbers = await session.query<{ name: string }>(sql('restore/numbers'));
  for (const { name } of numbers.filter(({ name }) => texts.includes(name))) {
    if (append)
      throw new ZenError(
        'failed',
        `${name} is a text in the dump and a number in log_raw. Restore it without --append.`,
      );
    await session.run(`alter table log_raw alter column ${name} type text`);
  }
}
