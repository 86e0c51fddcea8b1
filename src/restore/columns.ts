import { ZenError } from '../errors.ts';
import type { BackupTable } from './formats/backup.ts';
import { isId, rewriteId, splitRows } from './ids.ts';
import type { IdType } from './ids.ts';
import { guessUnit, readTime, unitNames } from './times.ts';
import type { TimeUnit } from './times.ts';

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
  /** Sentences on what was made of the columns, where it was not plain. */
  notes: string[];
}

/**
 * Finds the columns of the log among those of a table, whatever their order; others are left out.
 *
 * @param first rows of the table, in COPY text, which tell the unit of its times
 * @param timeUnit that unit, when it is known
 * @throws ZenError `failed` when a column that the aggregates need is missing, or the unit is not certain
 */
export function mapColumns(
  { columns: names, types }: BackupTable,
  path: string,
  first: Buffer,
  timeUnit?: TimeUnit,
): ColumnMapping {
  const missing = lacking(names);
  if (missing.length > 0)
    throw new ZenError('failed', `The log in ${path} lacks the column ${missing.join(', ')}.`);
  const taken = names.filter(isTaken);
  const texts = taken.filter((name) => isId(name) && !isInteger(types.get(name) ?? 'bigint'));
  const ofType = (type: IdType) => taken.filter((name) => types.get(name) === type);
  const [guessed, rewritten] = [ofType('bigint, perhaps'), ofType('bigint, rewritten')];
  const ts = names.indexOf('ts');
  const unit =
    timeUnit ??
    guessUnit(
      splitRows(first).map((fields) => fields[ts] ?? ''),
      path,
    );
  const times = unit !== 'ms' || !isInteger(types.get('ts') ?? '');
  const asIs = taken.length === names.length && !times && rewritten.length === 0;
  const map: ColumnMapping['map'] = asIs
    ? (rows) => rows
    : mapper(names, taken, times ? unit : undefined, rewritten, path);
  const notes = unit === 'ms' ? [] : [`ts is in ${unitNames[unit]} (--time-unit ${unit}).`];
  return { columns: taken, texts, guessed, map, notes };
}

function isInteger(type: string): boolean {
  return /^(bigint|integer|smallint|int\d?|(big|small)?serial)/.test(type);
}

/** Rows are taken apart as bytes (latin1), so that their characters stay what they were. */
function mapper(
  names: string[],
  taken: string[],
  unit: TimeUnit | undefined,
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
        if (unit) fields[ts] = readTime(fields[ts] ?? '', unit, line, path);
        for (const place of ids) fields[place] = rewriteId(fields[place] ?? '');
        return `${places.map((place) => fields[place]).join('\t')}\n`;
      });
    return Buffer.from(mapped.join(''), 'latin1');
  };
}
