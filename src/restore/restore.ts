import type { Database, Session } from '../db/database.ts';
import { hasTable, isTooLong, widenNames } from '../db/tables.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { hasLedger, record } from '../ledger/ledger.ts';
import { lockAlone } from '../ledger/run-lock.ts';
import { minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import type { Backup, BackupTable, QualifiedName } from './formats/backup.ts';
import { mapColumns, nameColumns } from './columns.ts';
import type { ColumnMapping } from './columns.ts';
import { requireNumbers, examineIds, IdsInDoubt, isId, typeIds } from './ids.ts';
import type { ExaminedIds, OddIds } from './ids.ts';
import { replaceWords } from './copy/nulls.ts';
import { requireNoNul, requireUtf8 } from './encoding.ts';
import { openBackup } from './formats/detect.ts';
import { newline } from './copy/bytes.ts';
import { RowSource } from './copy/source.ts';
import { countLog, summarize } from './summary.ts';
import type { Summary } from './summary.ts';
import { CopyEncoder } from './copy/encoder.ts';
import type { TimeUnit } from './times.ts';

export interface RestoreOptions {
  /** Adds to the rows of `log_raw` instead of replacing them. */
  append: boolean;
  /** Accepts a backup without rows. */
  allowEmpty?: boolean | undefined;
  /** The tables to take from the dump, `name` or `schema.name`, with `*` as a wildcard; by default `log_raw`. */
  tables?: readonly string[] | undefined;
  /** Values that stand for NULL, in any column. */
  nulls?: readonly string[];
  /** The backup's names for the log's columns, where they differ. */
  columns?: ReadonlyMap<string, string> | undefined;
  /** The backup's names for kinds of event, each with the log's name. */
  events?: ReadonlyMap<string, string> | undefined;
  /** The unit of numeric times; by default, it follows from their magnitude. */
  timeUnit?: TimeUnit | undefined;
  /** Opens the backup again, when it is not a file at that path. */
  reopen?: () => Promise<Backup>;
  /** Milliseconds to wait for a running command before its log is replaced. */
  wait?: number | undefined;
}

/** The bytes read and the rows loaded so far. */
export interface RestoreProgress {
  /** Bytes of the dump read so far, and in all. */
  bytes: number;
  size: number;
  rows: number;
}

export interface Restored {
  rows: number;
  /** Bytes of the dump. */
  bytes: number;
  /** True when the log has its index; false when another role owns the table and made none. */
  indexed: boolean;
  /** Columns of ids in which some values are numbers and some are not. */
  odd: OddIds[];
  /** Sentences on how the backup was read, where that was not obvious. */
  notes: string[];
  /** The window whose aggregates may stem from an earlier log, when this role may not mark it in the ledger. */
  untold: Window | undefined;
  /** Summary of the whole log as it is now. */
  summary: Summary;
}

/**
 * Loads the log from a backup into `log_raw`, in one transaction. Only rows of that table are taken; nothing in the
 * dump is executed.
 *
 * @param onProgress called after each piece
 * @throws ZenError `failed` for a dump that is damaged or lacks the table or its rows, `locked` when another run is
 *   using the log to be replaced
 */
export async function restore(
  db: Database,
  backup: Backup,
  options: RestoreOptions,
  onProgress: (progress: RestoreProgress) => void = () => undefined,
): Promise<Restored> {
  return attempt(backup, options, nothing, (one, known) => loadBackup(db, one, options, known, onProgress));
}

/** Facts about a backup that is only inspected. */
export interface Inspected {
  /** The name of its format. */
  format: string;
  /** The table that would be taken; its schema is '' when the backup names none. */
  table: QualifiedName;
  /** The columns of the log that would be filled, each with the backup's name for it. */
  columns: [name: string, theirs: string][];
  rows: number;
  /** The first rows, in these columns, as COPY text. */
  first: string[];
  odd: OddIds[];
  notes: string[];
  /** Undefined when only the database can tell. */
  summary: Summary | undefined;
}

const fewRows = 3;

/**
 * Reads a backup to its end as `restore` would, but without a database.
 *
 * @throws ZenError `failed` as `restore` does
 */
export async function inspect(backup: Backup, options: RestoreOptions): Promise<Inspected> {
  return attempt(backup, options, nothing, async (one, known) => {
    const { found, table, mapping, rows } = await readLog(one, options, known);
    const { columns, texts } = mapping;
    const numbers = columns.filter((name) => name === 'ts' || (isId(name) && !texts.includes(name)));
    const encoder = new CopyEncoder(columns, numbers);
    const first: string[] = [];
    let count = 0;
    for await (const piece of check(rows, mapping)) {
      if (encoder.sure) for (const bytes of encoder.encode(piece)) bytes.fill(0);
      for (let at = 0; at < piece.length; count++) {
        const end = piece.indexOf(newline, at);
        if (first.length < fewRows) first.push(piece.toString('utf8', at, end));
        at = end + 1;
      }
    }
    return {
      ...{ format: one.format, table: { schema: table.schema, name: table.name }, rows: count, first },
      columns: columns.map((name) => [name, found.columns[table.columns.indexOf(name)] ?? name]),
      ...{ odd: known.ids?.odd ?? [], notes: [...one.notes, ...mapping.notes] },
      summary: encoder.counts && summarize(encoder.counts),
    };
  });
}

/** Facts that the rows may reveal only while they are loaded. */
interface Learned {
  /** True when names may exceed 128 characters. */
  wide: boolean;
  /** The ids, all examined, when the first rows did not settle their types. */
  ids: ExaminedIds | undefined;
}

const nothing: Learned = { wide: false, ids: undefined };

/** Retries after learning from an error. This is rare, so reading again is cheaper than measuring all rows first. */
async function attempt<T>(
  backup: Backup,
  options: RestoreOptions,
  known: Learned,
  work: (backup: Backup, known: Learned) => Promise<T>,
): Promise<T> {
  try {
    return await work(backup, known);
  } catch (error) {
    const open = options.reopen ?? (() => openBackup(backup.path));
    const more = await learn(known, error, open, options);
    if (!more) throw error;
    const again = await open();
    try {
      return await attempt(again, options, more, work);
    } finally {
      await again.close();
    }
  }
}

/** Learns from an error about the rows; undefined when it reveals nothing new. */
async function learn(
  known: Learned,
  error: unknown,
  open: () => Promise<Backup>,
  options: RestoreOptions,
): Promise<Learned | undefined> {
  if (isTooLong(error) && !known.wide) return { ...known, wide: true };
  if (!(error instanceof IdsInDoubt) || known.ids) return undefined;
  const backup = await open();
  try {
    const found = await backup.find(...(options.tables ?? []));
    const rows = replaceWords(backup.rows(found), options.nulls ?? []);
    const table = nameColumns(found, backup.path, options.columns);
    return { ...known, ids: await examineIds(table, rows, backup.path) };
  } finally {
    await backup.close();
  }
}

/** The log in a backup: its columns and its rows. */
interface LogRows {
  /** Its table, under the backup's names and under the log's. */
  found: BackupTable;
  table: BackupTable;
  mapping: ColumnMapping;
  /** COPY text, in the columns of the log. */
  rows: AsyncGenerator<Buffer, undefined>;
}

async function readLog(
  backup: Backup,
  { allowEmpty, tables = [], nulls = [], columns, events, timeUnit }: RestoreOptions,
  { ids }: Learned,
): Promise<LogRows> {
  const found = await backup.find(...tables);
  const table = nameColumns(found, backup.path, columns);
  const pieces = replaceWords(checkEncoding(backup.rows(found), backup.path), nulls)[Symbol.asyncIterator]();
  const first = await nextRows(pieces);
  const start = first.done ? Buffer.alloc(0) : first.value;
  const mapping = mapColumns(typeIds(table, start, ids), backup.path, start, timeUnit, events);
  if (first.done && !allowEmpty)
    throw new ZenError(
      'failed',
      `${backup.path} holds no rows of ${table.name}. Nothing was changed. Check how it was made, or add --allow-empty.`,
    );
  return { found, table, mapping, rows: convertRows(first, pieces, mapping) };
}

async function loadBackup(
  db: Database,
  backup: Backup,
  options: RestoreOptions,
  known: Learned,
  onProgress: (progress: RestoreProgress) => void,
): Promise<Restored> {
  const { append, wait = 0 } = options;
  const { mapping, rows: log } = await readLog(backup, options, known);
  const report = (rows: number) => {
    onProgress({ bytes: backup.position, size: backup.size, rows });
  };
  return db.transaction(async (session) => {
    if (!append) await lockAlone(session, wait);
    const encoder = await prepare(session, mapping, append);
    if (known.wide) await widenNames(session, 'log_raw');
    const source = new RowSource(log, report);
    const encoded = encoder
      ? await session.copy('log_raw', mapping.columns, source.encode(encoder), { binary: true })
      : 0;
    const rest = encoder?.sure
      ? 0
      : await session.copy('log_raw', mapping.columns, check(source.rest(), mapping), { after: encoded });
    const rows = encoded + rest;
    const indexed = await index(session);
    // A sample of 3,000 rows instead of 30,000 takes 0.03 s, not 0.27 s, for 3.2 M; aggregation stays as fast.
    await session.run('set local default_statistics_target = 10');
    await session.run('analyze log_raw'); // for a table of another role, the server only warns
    const summary = summarize(encoder?.counts ?? (await countLog(session)));
    const untold = append ? undefined : await tellLedger(session, summary, rows);
    const notes = [...backup.notes, ...mapping.notes];
    return { rows, bytes: backup.size, indexed, odd: known.ids?.odd ?? [], notes, untold, summary };
  });
}

async function* checkEncoding(rows: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  for await (const piece of rows) {
    requireUtf8(piece, path);
    requireNoNul(piece, path);
    yield piece;
  }
}

/** The next piece that holds rows. */
async function nextRows(pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  let next = await pieces.next();
  while (!next.done && next.value.length === 0) next = await pieces.next();
  return next;
}

/**
 * Marks aggregates of an earlier log for recounting where this log has events; the rest stays. Returns that stretch
 * when this role may not write the ledger.
 */
async function tellLedger(
  session: Session,
  { first, last }: Summary,
  rows: number,
): Promise<Window | undefined> {
  if (first === null || last === null || !(await hasLedger(session))) return undefined;
  const floor = (ms: number) => Math.floor(ms / minuteMs) * minuteMs;
  // One minute more: with --minute nearest, an event may count in the minute after its own.
  const stretch = { start: floor(first), end: floor(last) + 2 * minuteMs };
  if (!(await mayRecord(session))) return stretch;
  await record(session, { ...stretch, minute: 'floor' }, 0, { restored: rows });
  return undefined;
}

async function mayRecord(session: Session): Promise<boolean> {
  const text = "select has_table_privilege(to_regclass('zen_runs'), 'insert') as may";
  return (await session.query<{ may: boolean }>(text))[0]?.may === true;
}

/** Yields the first piece and all later ones as rows of the log. */
async function* convertRows(
  first: IteratorResult<Buffer>,
  pieces: AsyncIterator<Buffer>,
  { map }: ColumnMapping,
): AsyncGenerator<Buffer, undefined> {
  for (let piece = first; !piece.done; piece = await pieces.next()) yield map(piece.value);
}

/** Rows sent as text, whose ids the encoder has not read. */
async function* check(
  rows: AsyncIterable<Buffer>,
  { columns, guessed }: ColumnMapping,
): AsyncGenerator<Buffer> {
  for await (const piece of rows) {
    if (guessed.length > 0) requireNumbers(piece, columns, guessed);
    yield piece;
  }
}

/** Tells whether the database already holds events that a restore would replace. */
export async function hasEvents(session: Session): Promise<boolean> {
  return (
    (await hasTable(session, 'log_raw')) && (await session.query('select from log_raw limit 1')).length > 0
  );
}

/** See `sql/restore/shape.sql`. */
interface Shape {
  plain: boolean;
  index: string | null;
  time: string | null;
}

/** Prepares `log_raw` for rows. Returns an encoder if the table will hold exactly the rows that are sent. */
async function prepare(
  session: Session,
  { columns, texts, guessed }: ColumnMapping,
  append: boolean,
): Promise<CopyEncoder | undefined> {
  if (!(await hasTable(session, 'log_raw'))) await session.run(sql('restore/table'));
  if (!append) await session.run('truncate log_raw');
  const [shape] = await session.query<Shape>(sql('restore/shape'));
  if (shape?.time)
    throw new ZenError(
      'failed',
      `The column ts of log_raw is of type ${shape.time}, and must be a bigint. Alter it, or drop log_raw: restore makes it.`,
    );
  if (append) {
    await holdTexts(session, texts, append);
    return undefined;
  }
  // Rebuilding the index at the end is faster than updating it per row: 0.45 s instead of 0.65 s for 3.2 M.
  if (shape?.index) await session.run(`drop index ${shape.index}`);
  const numbers = await holdTexts(session, texts, append);
  // A text column would accept any id, so apparent numbers are checked in COPY text.
  const isPlain = shape?.plain && guessed.every((name) => numbers.includes(name));
  const encoder = isPlain ? new CopyEncoder(columns, numbers) : undefined;
  return encoder?.sure ? encoder : undefined;
}

/** Creates the index if it is missing and may be created; returns whether the log then has it. */
async function index(session: Session): Promise<boolean> {
  const [log] = await session.query<{ indexed: boolean; allowed: boolean }>(sql('restore/owner'));
  if (log?.indexed || !log?.allowed) return log?.indexed === true;
  await session.run('set constraints all immediate'); // no index is built while constraints are deferred
  await session.run(sql('restore/index'));
  return true;
}

/**
 * Makes id columns text when the backup holds texts, which an emptied table allows; otherwise they stay numbers.
 * Returns the columns that hold numbers.
 */
async function holdTexts(session: Session, texts: string[], append: boolean): Promise<string[]> {
  const numbers = await session.query<{ name: string }>(sql('restore/numbers'));
  for (const { name } of numbers.filter(({ name }) => texts.includes(name))) {
    if (append && (await hasEvents(session)))
      throw new ZenError(
        'failed',
        `${name} is a text in the dump and a number in log_raw. Restore it without --append.`,
      );
    await session.run(`alter table log_raw alter column ${name} type text`);
  }
  return numbers.map(({ name }) => name).filter((name) => !texts.includes(name));
}
