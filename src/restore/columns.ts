import { ZenError } from '../errors.ts';
import type { Table } from './backup.ts';
import { quote } from './text.ts';

/** The columns of `log_raw`, with whether an aggregate needs them. */
const columns: Record<string, { needed: boolean; id: boolean }> = {
  event_id: { needed: false, id: true },
  age_segment: { needed: true, id: false },
  event: { needed: true, id: false },
  item_id: { needed: false, id: true },
  item_topic: { needed: true, id: false },
  item_type: { needed: false, id: false },
  source_id: { needed: false, id: true },
  source_topic: { needed: true, id: false },
  source_type: { needed: false, id: false },
  ts: { needed: true, id: false },
  user_id: { needed: true, id: true },
};

/** Whether a column of a backup is one of the log's. */
export function isTaken(name: string): boolean {
  return Object.hasOwn(columns, name);
}

/** How the rows of a backup become those of `log_raw`. */
export interface Mapping {
  /** The columns of `log_raw` that are filled, in the order of the rows. */
  columns: string[];
  /** The ids that are not numbers. */
  texts: string[];
  /** The ids that seem to be numbers, while nothing declares it. */
  guessed: string[];
  /** Turns rows of the backup (COPY text, whole rows) into rows of these columns. */
  map: (rows: Buffer) => Buffer;
}

/**
 * Finds the columns of the log among those of a table, whatever their order; others are left out.
 *
 * @throws ZenError `failed` when one that the aggregates need is missing
 */
export function mapColumns({ columns: names, types }: Table, path: string): Mapping {
  const missing = Object.keys(columns).filter((name) => columns[name]?.needed && !names.includes(name));
  if (missing.length > 0)
    throw new ZenError('failed', `The log in ${path} lacks the column ${missing.join(', ')}.`);
  const taken = names.filter(isTaken);
  const texts = taken.filter((name) => columns[name]?.id && !isInteger(types.get(name) ?? 'bigint'));
  const guessed = taken.filter((name) => types.get(name) === guess);
  const times = !/^(bigint|integer|numeric)/.test(types.get('ts') ?? '');
  const asIs = taken.length === names.length && !times;
  return { columns: taken, texts, guessed, map: asIs ? (rows) => rows : mapper(names, taken, times, path) };
}

/** An id of a column that had seemed to hold numbers, which is none. */
export class TextFound extends Error {
  readonly column: string;

  constructor(column: string) {
    super(`${column} is not always a number.`);
    this.column = column;
  }
}

/**
 * The table with types for its ids, guessed from its first rows (COPY text) where the backup declares none: CSV, and
 * dumps of data only. Later rows may tell otherwise: see `demandNumbers`.
 *
 * @param texts the columns that are known to be texts
 */
export function guessTypes(table: Table, rows: Buffer, texts: readonly string[]): Table {
  if (table.types.size > 0) return table;
  const first = splitRows(rows);
  const isText = (place: number) => first.some((fields) => !number.test(fields[place] ?? ''));
  const ids = table.columns
    .map((name, place) => [name, place] as const)
    .filter(([name]) => columns[name]?.id);
  const typeOf = (name: string, place: number) => (texts.includes(name) || isText(place) ? 'text' : guess);
  return { ...table, types: new Map(ids.map(([name, place]) => [name, typeOf(name, place)])) };
}

/**
 * Looks whether ids that seem to be numbers are.
 *
 * @param rows in COPY text, of those columns
 * @throws TextFound at one that a number would not give back
 */
export function demandNumbers(rows: Buffer, columns: readonly string[], guessed: readonly string[]): void {
  const places = guessed.map((name) => [name, columns.indexOf(name)] as const);
  for (const fields of splitRows(rows))
    for (const [name, place] of places) if (!number.test(fields[place] ?? '0')) throw new TextFound(name);
}

/** Numbers as PostgreSQL writes them, that a bigint surely holds, and NULL. */
const number = /^(0|-?[1-9]\d{0,17}|\\N)$/;

/** The type of what seems to be a number. */
const guess = 'bigint, perhaps';

/** Whole rows of COPY text, as their values. */
function splitRows(rows: Buffer): string[][] {
  return rows
    .toString('latin1')
    .split('\n')
    .slice(0, -1)
    .map((row) => row.split('\t'));
}

function isInteger(type: string): boolean {
  return /^(bigint|integer|smallint|int\d?|(big|small)?serial)/.test(type);
}

/** Rows are taken apart as bytes (latin1), so that their characters stay what they were. */
function mapper(names: string[], taken: string[], times: boolean, path: string): Mapping['map'] {
  const places = taken.map((name) => names.indexOf(name));
  const ts = names.indexOf('ts');
  let line = 0;
  return (rows) => {
    const mapped = rows
      .toString('latin1')
      .split('\n')
      .slice(0, -1)
      .map((row) => {
        line++;
        const fields = row.split('\t');
        if (fields.length !== names.length) {
          throw new ZenError(
            'failed',
            `${path}, row ${line} of the log has ${fields.length} values instead of ${names.length}. Copy it again.`,
          );
        }
        if (times) fields[ts] = readTime(fields[ts] ?? '', line, path);
        return `${places.map((place) => fields[place]).join('\t')}\n`;
      });
    return Buffer.from(mapped.join(''), 'latin1');
  };
}

const offset = /Z|([+-])([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d))?)?/;
const timestamp = new RegExp(
  `^(\\d{4,6})(-\\d\\d-\\d\\d)[ T](\\d\\d:\\d\\d)(?:(:\\d\\d(?:\\.\\d{1,3})?)\\d*)?(?:${offset.source})?$`,
);
/** After as many years, the calendar is the same. */
const cycleYears = 400;
const cycleMs = 146_097 * 86_400_000;

/** Unix milliseconds of a time; what is a number already stays as it is. */
function readTime(text: string, line: number, path: string): string {
  if (text === '\\N' || /^-?\d+$/.test(text)) return text;
  const ms = parseTimestamp(text);
  if (!Number.isSafeInteger(ms)) {
    throw new ZenError(
      'failed',
      `${path}, row ${line} of the log: ts is “${quote(text)}”, which is not a time. Nothing was changed.`,
    );
  }
  return String(ms);
}

/**
 * A timestamp as PostgreSQL writes it (DateStyle ISO; its offsets may have seconds, its years five digits and more), or
 * of ISO 8601; UTC unless it carries an offset. NaN for another text.
 */
function parseTimestamp(text: string): number {
  const found = timestamp.exec(text);
  if (!found) return NaN;
  const [, year = '', date = '', minute = '', second = ':00', sign, ...ahead] = found;
  const cycles = year.length > 4 ? Math.floor(Number(year) / cycleYears) - 5 : 0;
  const near = cycles === 0 ? year : String(Number(year) - cycles * cycleYears);
  return Date.parse(`${near}${date}T${minute}${second}Z`) + cycles * cycleMs - readOffset(sign, ahead);
}

/** Hours, minutes and seconds as milliseconds. */
function readOffset(sign: string | undefined, [hours = '', minutes = '', seconds = '']: string[]): number {
  if (!sign) return 0;
  const ms = 1000 * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  return sign === '-' ? -ms : ms;
}
