import { quoteName, quoteText } from '../db/database.ts';
import { ZenError } from '../errors.ts';
import { readOwn, trimStatement } from '../files.ts';
import type { Window } from '../time.ts';

/** The columns of the log, beside ts. */
const names = [
  'event_id',
  'user_id',
  'event',
  'item_id',
  'item_topic',
  'item_type',
  'source_id',
  'source_topic',
  'source_type',
  'age_segment',
] as const;

/** A log under other names: what `log` of zen.json says. */
export interface OwnLog {
  /** With its schema, which is public where it has none; a `sql/log.sql` stands in its place. */
  table?: string;
  /** Its column for one of the log's; null for what it does not have. */
  columns?: Record<string, string | null>;
  /** Unix seconds, milliseconds or microseconds, or as the database has it; without a time zone, UTC. */
  time?: 'ms' | 's' | 'us' | 'timestamp' | 'timestamptz';
  /** The log's name for one of its events. */
  events?: Record<string, string>;
  /** A condition on its rows, in SQL. */
  where?: string;
}

/** The same, with its SELECT where it has one. */
type OwnQuery = OwnLog & { query?: string | undefined };

let own: OwnLog | undefined;

/** Has zen read another log than log_raw; without one, log_raw again. */
export function useLog(log: OwnLog | undefined): void {
  own = log;
}

/** The log of one's own, with its SELECT where it has one; undefined for log_raw, as zen restore makes it. */
export function findOwnLog(): OwnQuery | undefined {
  const query = readOwn('sql/log.sql');
  return own || query !== undefined ? { ...own, query } : undefined;
}

/** A log of one's own as a text, which differs where what is made of it may; empty for log_raw. */
export function writeOwnLog(): string {
  const log = findOwnLog();
  return log ? JSON.stringify(log) : '';
}

/** The columns that the log is said not to have. */
export function listAbsent(): string[] {
  return Object.entries(own?.columns ?? {}).flatMap(([name, column]) => (column === null ? [name] : []));
}

/** The log's table, in SQL. */
export function tableOfLog(): string {
  const { table } = own ?? {};
  if (table === undefined) return 'log_raw';
  const parts = table.split('.');
  return (parts.length === 1 ? ['public', ...parts] : parts).map(quoteName).join('.');
}

/** The object of the log's table, in SQL; null for a SELECT of one's own. */
export function idOfLog(): string {
  if (findOwnLog()?.query !== undefined) return 'null::regclass';
  return `to_regclass(${quoteText(tableOfLog())})`;
}

/** The name of the column that tells the time, as a literal. */
export function nameOfTime(): string {
  return quoteText(own?.columns?.ts ?? 'ts');
}

/** The column of the log's table that tells the time, in SQL. */
export function timeColumn(): string {
  return own?.columns?.ts ? quoteName(own.columns.ts) : 'ts';
}

/** The possible times: the years 1 to 9999, in Unix milliseconds. */
export const possible: Window = { start: -62_135_596_800_000, end: 253_402_300_800_000 };

/**
 * The parts of a statement that reads the log: `:raw` is its rows, with ts in Unix milliseconds; `:within` chooses those of the window
 * [$1, $2). `:first` and `:last` are the least and the largest ts. Each
 * compares the log's own column, so that the index on it is used.
 *
 * @param isNamed tells whether a statement names a column; a log may lack others
 */
export function logParts(isNamed: (column: string) => boolean = () => false): Record<string, string> {
  const log = findOwnLog();
  const { time = 'ms' } = log ?? {};
  const at = log ? 'at' : 'ts';
  return {
    raw: log ? `(${writeQuery(log, isNamed, toMs(time, timeColumn()))}) as given` : 'log_raw',
    within: `${compare(time, at, '>=', '$1::bigint')} and ${compare(time, at, '<', '$2::bigint')}`,
    first: toMs(time, `min(${at})`),
    last: toMs(time, `max(${at})`),
  };
}

/** @param ts Unix milliseconds, in SQL */
export function writeQuery(log: OwnQuery, isNamed: (column: string) => boolean, ts: string): string {
  const { query, where } = log;
  const at = timeColumn();
  const columns = names.filter(isNamed).map((name) => `${writeColumn(log, name)} as ${name}`);
  const from = query === undefined ? tableOfLog() : `(${trimStatement(query)}\n) as own`;
  const filter = where === undefined ? '' : ` where (${where})`;
  return `select ${[...columns, `${at} as at`, `${ts} as ts`].join(', ')} from ${from}${filter}`;
}

function writeColumn({ columns = {}, events }: OwnLog, name: string): string {
  const column = Object.hasOwn(columns, name) ? columns[name] : name;
  if (column == null) return 'null::text';
  if (name === 'user_id') return quoteName(column);
  if (name !== 'event' || !events) return `${quoteName(column)}::text`;
  const cases = Object.entries(events).map(([from, to]) => ` when ${quoteText(from)} then ${quoteText(to)}`);
  return `case ${quoteName(column)}::text${cases.join('')} else ${quoteName(column)}::text end`;
}

/** Unix milliseconds of a time, in SQL. */
function toMs(time: OwnLog['time'], value: string): string {
  switch (time) {
    case 's':
      return `floor(${value}::numeric * 1000)::bigint`;
    case 'us':
      return `floor(${value}::numeric / 1000)::bigint`;
    case 'timestamp':
    case 'timestamptz':
      return `floor(extract(epoch from ${value}) * 1000)::bigint`;
    default:
      return findOwnLog() ? `floor(${value})::bigint` : value;
  }
}

/**
 * Compares a time with Unix milliseconds, in SQL. Whole seconds are compared once more, as they are: an index on integers would not be
 * used for numbers with a fraction.
 */
function compare(time: OwnLog['time'], at: string, sign: '>=' | '<', ms: string): string {
  switch (time) {
    case 's': {
      const near = sign === '>=' ? `${at} >= ${ms} / 1000 - 1` : `${at} <= ${ms} / 1000 + 1`;
      return `${near} and ${toMs(time, at)} ${sign} ${ms}`;
    }
    case 'us':
      return `${at} ${sign} ${ms} * 1000`;
    case 'timestamp':
      return `${at} ${sign} timestamp 'epoch' + ${ms} * interval '1 millisecond'`;
    case 'timestamptz':
      return `${at} ${sign} to_timestamp(${ms} / 1000.0)`; // a sum depends on the time zone, and would not go to the server of a foreign table
    default:
      return `${at} ${sign} ${ms}`;
  }
}

/** @throws ZenError `usage` where the log is one's own, which zen only reads */
export function refuseOwnLog(does: string): void {
  if (findOwnLog())
    throw new ZenError(
      'usage',
      `This project has a log of its own, which zen only reads: ${does} log_raw. Remove log from zen.json for that.`,
    );
}
