import { ZenError } from '../errors.ts';
import { dayMs } from '../time.ts';
import type { BackupTable } from './formats/backup.ts';
import { isId, quoteArgument, rewriteId } from './ids.ts';
import type { IdType } from './ids.ts';
import { isNullWord } from './copy/nulls.ts';
import { excerpt } from './copy/text.ts';

/** The columns of `log_raw`, with whether an aggregate needs them. */
const logColumns: Record<string, { needed: boolean }> = {
  event_id: { needed: false },
  age_segment: { needed: true },
  event: { needed: true },
  item_id: { needed: false },
  item_topic: { needed: true },
  item_type: { needed: false },
  source_id: { needed: false },
  source_topic: { needed: true },
  source_type: { needed: false },
  ts: { needed: true },
  user_id: { needed: true },
};

/** Tells whether a column of a backup is one of the log's. */
export function isTaken(name: string): boolean {
  return Object.hasOwn(logColumns, name);
}

/** Tells whether a table has all columns of a log that the aggregates need. */
export function isLog(names: readonly string[]): boolean {
  return lacking(names).length === 0;
}

function lacking(names: readonly string[]): string[] {
  return Object.keys(logColumns).filter((name) => logColumns[name]?.needed && !names.includes(name));
}

/** The way from the rows of a backup to those of `log_raw`. */
export interface ColumnMapping {
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
export function mapColumns({ columns: names, types }: BackupTable, path: string): ColumnMapping {
  const missing = lacking(names);
  if (missing.length > 0)
    throw new ZenError('failed', `The log in ${path} lacks the column ${missing.join(', ')}.`);
  const taken = names.filter(isTaken);
  const texts = taken.filter((name) => isId(name) && !isInteger(types.get(name) ?? 'bigint'));
  const ofType = (type: IdType) => taken.filter((name) => types.get(name) === type);
  const [guessed, rewritten] = [ofType('bigint, perhaps'), ofType('bigint, rewritten')];
  const times = !/^(bigint|integer|numeric)/.test(types.get('ts') ?? '');
  const asIs = taken.length === names.length && !times && rewritten.length === 0;
  const map: ColumnMapping['map'] = asIs ? (rows) => rows : mapper(names, taken, times, rewritten, path);
  return { columns: taken, texts, guessed, map };
}

function isInteger(type: string): boolean {
  return /^(bigint|integer|smallint|int\d?|(big|small)?serial)/.test(type);
}

/** Rows are taken apart as bytes (latin1), so that their characters stay what they were. */
function mapper(
  names: string[],
  taken: string[],
  times: boolean,
  rewritten: string[],
  path: string,
): ColumnMapping['map'] {
  const places = taken.map((name) => names.indexOf(name));
  const ids = rewritten.map((name) => names.indexOf(name));
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
        for (const place of ids) fields[place] = rewriteId(fields[place] ?? '');
        return `${places.map((place) => fields[place]).join('\t')}\n`;
      });
    return Buffer.from(mapped.join(''), 'latin1');
  };
}

const offset = /Z|([+-])([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d))?)?/;
const timestampForm = new RegExp(
  `^(\\d{4,6})(-\\d\\d-\\d\\d)[ T](\\d\\d:\\d\\d)(?:(:\\d\\d(?:\\.\\d{1,3})?)\\d*)?(?:${offset.source})?$`,
);
/** After as many years, the calendar is the same. */
const cycleYears = 400;
const cycleMs = 146_097 * dayMs;

/** Unix milliseconds of a time; what is a number already stays as it is. */
function readTime(text: string, line: number, path: string): string {
  if (text === '\\N' || /^-?\d+$/.test(text)) return text;
  const ms = parseTimestamp(text);
  if (!Number.isSafeInteger(ms)) {
    const remedy = isNullWord(text) ? ` Say --null ${quoteArgument(text)} if that means NULL.` : '';
    throw new ZenError(
      'failed',
      `${path}, row ${line} of the log: ts is “${excerpt(text)}”, which is not a time. Nothing was changed.${remedy}`,
    );
  }
  return String(ms);
}

/**
 * A timestamp as PostgreSQL writes it (DateStyle ISO; its offsets may have seconds, its years five digits and more), or
 * of ISO 8601; UTC unless it carries an offset. NaN for another text.
 */
function parseTimestamp(text: string): number {
  const found = timestampForm.exec(text);
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
