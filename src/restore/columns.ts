import { shorten, ZenError } from '../errors.ts';
import { escapeText } from './copy/text.ts';
import type { BackupTable } from './formats/backup.ts';
import { isId, quoteArgument, rewriteId, splitRows } from './ids.ts';
import type { IdType } from './ids.ts';
import { guessUnit, lacksZone, readTime, unitNames } from './times.ts';
import type { TimeUnit } from './times.ts';

/** The columns of `log_raw`: those that a log must have, those that it has unless told otherwise, and the rest. */
const logColumns: Record<string, 'needed' | 'usual' | 'other'> = {
  event_id: 'other',
  age_segment: 'usual',
  event: 'needed',
  item_id: 'other',
  item_topic: 'usual',
  item_type: 'other',
  source_id: 'other',
  source_topic: 'usual',
  source_type: 'other',
  ts: 'needed',
  user_id: 'needed',
};

/** Tells whether a column of a backup is one of the log's. */
export function isTaken(name: string): boolean {
  return Object.hasOwn(logColumns, name);
}

/** Tells whether a table has all columns of a log that the aggregates need. */
export function isLog(names: readonly string[], given: ReadonlyMap<string, string> = new Map()): boolean {
  return lacking(names, given).length === 0;
}

/** Tells whether a column of a backup may be one of the log's, including names given by the user. */
export function mayBeTaken(name: string, given: ReadonlyMap<string, string> = new Map()): boolean {
  return isTaken(plainName(name)) || [...given.values()].some((each) => plainName(each) === plainName(name));
}

/** Exceeds the longest name that any database allows. */
const longestName = 256;

/**
 * Normalises a name as the log writes it: `userId`, `User ID`, `[user_id]`, `user_id:INT64` and `log_raw.USER_ID`
 * become `user_id`.
 */
function plainName(name: string): string {
  if (name.length > longestName) return name;
  return name
    .replace(/^.*\./s, '')
    .replace(/[:#]\w+$/, '')
    .replaceAll(/^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_]+$/gu, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]+/g, '_')
    .toLowerCase();
}

/** Tells whether the names of a possible header are those of a log, once the mapping is applied. */
export function isLogHeader(
  names: readonly string[],
  given: ReadonlyMap<string, string> = new Map(),
): boolean {
  const theirs = new Map([...given].map(([name, their]) => [plainName(their), name]));
  return isLog(
    names.map((name) => theirs.get(plainName(name)) ?? name),
    given,
  );
}

function lacking(names: readonly string[], given: ReadonlyMap<string, string>): string[] {
  const held = new Set(names.map(plainName));
  return Object.keys(logColumns).filter(
    (name) => logColumns[name] !== 'other' && !held.has(name) && given.get(name) !== '',
  );
}

/**
 * Reads `ts=created_at,age_segment=`: the backup's name for a column of the log, empty for a column that the backup
 * lacks.
 *
 * @throws ZenError `usage` for an unknown column, or an empty name for a required one
 */
export function parseColumns(text: string): ReadonlyMap<string, string> {
  const pairs = readPairs(text)?.map(([name, theirs]): [string, string] => [name.trim(), theirs.trim()]);
  if (!pairs?.every(([name, theirs]) => isTaken(name) && (theirs !== '' || logColumns[name] !== 'needed')))
    throw new ZenError(
      'usage',
      `“${shorten(text, 60)}” names no columns: write it as ts=created_at,item_topic=category. The log has ${Object.keys(logColumns).join(', ')}. Name all of ts, user_id and event.`,
    );
  requireOnce(
    text,
    pairs.map(([name]) => name),
  );
  requireOnce(text, pairs.map(([, theirs]) => theirs).filter(Boolean));
  return new Map(pairs);
}

/**
 * Reads `impression=show,press=click`: the backup's name for each kind of event, then the log's name.
 *
 * @throws ZenError `usage` for malformed text
 */
export function parseKinds(text: string): ReadonlyMap<string, string> {
  const pairs = readPairs(text);
  if (!pairs?.every((pair) => !pair.includes('')))
    throw new ZenError(
      'usage',
      `“${shorten(text, 60)}” names no events: write it as impression=show,press=click, the name in the dump first.`,
    );
  requireOnce(
    text,
    pairs.map(([name]) => name),
  );
  return new Map(pairs);
}

/** @throws ZenError `usage` for a name that is there twice, of which one would be ignored */
function requireOnce(text: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new ZenError('usage', `“${shorten(text, 60)}” has ${twice} twice: say which is meant.`);
}

/** Reads pairs such as `a=b,c=`; undefined for malformed text. */
function readPairs(text: string): [string, string][] | undefined {
  if (!/^[^,=]+=[^,=]*(,[^,=]+=[^,=]*)*$/.test(text)) return undefined;
  return text.split(',').map((pair) => [pair.replace(/=.*$/s, ''), pair.replace(/^.*=/s, '')]);
}

/** Words that suggest which column of the log a name stands for. */
const hints: Record<string, RegExp> = {
  ts: /time|date|_at$|^dt$/i,
  user_id: /user|client|visitor|uid/i,
  event: /^(?!.*(time|date|_at$|id$)).*(event|action)/i,
  age_segment: /age/i,
  item_topic: /item|card|category/i,
  source_topic: /source|channel|referr?er/i,
};

/**
 * Returns the table with the log's own column names, which may differ in case or be mapped. Columns that are not taken
 * may have any name, none, or a repeated one.
 *
 * @throws ZenError `failed` when a column that the aggregates need is missing or ambiguous
 */
export function nameColumns(
  { columns, types, ...table }: BackupTable,
  path: string,
  given: ReadonlyMap<string, string> = new Map(),
): BackupTable {
  const taken = new Map<number, string>();
  for (const name of Object.keys(logColumns)) {
    const wanted = given.get(name) ?? name;
    if (wanted === '') continue;
    const ways = [(each: string) => each, (each: string) => each.toLowerCase(), plainName];
    const found =
      ways
        .map((way) => places(columns, (each) => way(each) === way(wanted)))
        .find(({ length }) => length > 0) ?? [];
    if (found.length > 1) {
      const isTold = new Set(found.map((place) => columns[place])).size > 1;
      const way = isTold ? `, or say which it is: --columns ${name}=…` : '';
      throw new ZenError(
        'failed',
        `The log in ${path} has the column ${wanted} ${found.length} times. Rename the others${way}.`,
      );
    }
    const [place] = found;
    if (place === undefined) {
      if (given.has(name)) refuseMissing([name], columns, path, types, given);
      continue;
    }
    const other = taken.get(place);
    const [meant, rest] = given.has(name) ? [name, other] : [other ?? name, name];
    if (other !== undefined && rest !== undefined && logColumns[rest] !== 'other')
      refuseShared({ wanted, meant, rest }, path);
    taken.set(place, meant);
  }
  const missing = lacking([...taken.values()], given);
  if (missing.length > 0) refuseMissing(missing, columns, path, types, given);
  const typeOf = ([place, name]: [number, string]): [string, string][] => {
    const type = types.get(columns[place] ?? '');
    return type === undefined ? [] : [[name, type]];
  };
  return {
    ...table,
    columns: columns.map((name, place) => taken.get(place) ?? (isTaken(name) ? '' : name)),
    types: new Map([...types, ...[...taken].flatMap(typeOf)]),
  };
}

function places(columns: readonly string[], isWanted: (name: string) => boolean): number[] {
  return columns.flatMap((name, place) => (isWanted(name) ? [place] : []));
}

/** Refuses a mapping that leaves a column of the log without one of the backup, as another one has taken it. */
function refuseShared(
  { wanted, meant, rest }: Record<'wanted' | 'meant' | 'rest', string>,
  path: string,
): never {
  const none = logColumns[rest] === 'usual' ? `, or ${rest}= where there is none` : '';
  throw new ZenError(
    'failed',
    `The column ${wanted} in ${path} is taken for ${meant}. Say which one is ${rest} then: --columns ${rest}=…${none}.`,
  );
}

/** @param missing names of the log */
function refuseMissing(
  missing: readonly string[],
  columns: readonly string[],
  path: string,
  types: BackupTable['types'],
  given: ReadonlyMap<string, string>,
): never {
  const held = columns.map((name) => (name === '' ? '“”' : shorten(name, 60)));
  const listed = [...held.slice(0, 40), ...(held.length > 40 ? ['…'] : [])].join(', ');
  const free = columns.filter((name) => !isTaken(plainName(name)));
  const options = missing.map((name) => {
    const [only, another] = free.filter((each) => hints[name]?.test(each));
    return `${name}=${only !== undefined && another === undefined ? only : '…'}`;
  });
  const computed = missing.filter((name) => types.has(name) && !columns.includes(name));
  const why =
    computed.length > 0 ? `; ${computed.join(', ')} is computed there, and a dump holds no such values` : '';
  const absent = missing.find((name) => logColumns[name] === 'usual');
  const none = absent === undefined ? '' : ` Where there is none, write ${absent}= without a name.`;
  throw new ZenError(
    'failed',
    `The log in ${path} lacks the column${missing.length > 1 ? 's' : ''} ${missing.map((name) => given.get(name) ?? name).join(', ')}${why}. Its columns: ${listed}. Say which are meant: --columns ${quoteArgument(options.join(','))}.${none}`,
  );
}

/** A mapping from the rows of a backup to those of `log_raw`. */
export interface ColumnMapping {
  /** The columns of `log_raw` that are filled, in the order of the rows. */
  columns: string[];
  /** The ids that are not numbers. */
  texts: string[];
  /** The ids that look like numbers, though nothing declares them so. */
  guessed: string[];
  /** Turns rows of the backup (COPY text, whole rows) into rows of these columns. */
  map: (rows: Buffer) => Buffer;
  /** Sentences about columns whose mapping was not obvious. */
  notes: string[];
}

/**
 * Finds the log's columns in a table (see `nameColumns`), in any order; other columns are dropped.
 *
 * @param first the first rows of the table, in COPY text, which reveal the unit of its times
 * @param timeUnit that unit, when it is known
 * @param events kinds of event that get another name
 * @throws ZenError `failed` when the unit is not certain
 */
export function mapColumns(
  { columns: names, types }: BackupTable,
  path: string,
  first: Buffer,
  timeUnit?: TimeUnit,
  events: ReadonlyMap<string, string> = new Map(),
): ColumnMapping {
  const taken = names.filter(isTaken);
  const texts = taken.filter((name) => isId(name) && !isInteger(types.get(name) ?? 'bigint'));
  const ofType = (type: IdType) => taken.filter((name) => types.get(name) === type);
  const [guessed, rewritten] = [ofType('bigint, perhaps'), ofType('bigint, rewritten')];
  const ts = names.indexOf('ts');
  const fields = splitRows(first).map((row) => row[ts] ?? '');
  const unit = timeUnit ?? guessUnit(fields, path);
  const times = unit !== 'ms' || !isInteger(types.get('ts') ?? '');
  const asIs = taken.length === names.length && !times && rewritten.length === 0 && events.size === 0;
  const map: ColumnMapping['map'] = asIs
    ? (rows) => rows
    : mapper(names, taken, times ? unit : undefined, { rewritten, events }, path);
  const notes = unit === 'ms' ? [] : [`ts is in ${unitNames[unit]} (--time-unit ${unit}).`];
  if (fields.some(lacksZone)) notes.push('ts names no time zone: it is read as UTC.');
  return { columns: taken, texts, guessed, map, notes };
}

function isInteger(type: string): boolean {
  return /^(bigint|integer|smallint|int\d?|(big|small)?serial)/.test(type);
}

/** Splits rows as bytes (latin1), so that their characters stay unchanged. */
function mapper(
  names: string[],
  taken: string[],
  unit: TimeUnit | undefined,
  { rewritten, events }: { rewritten: string[]; events: ReadonlyMap<string, string> },
  path: string,
): ColumnMapping['map'] {
  const places = taken.map((name) => names.indexOf(name));
  const ids = rewritten.map((name) => names.indexOf(name));
  const [ts, event] = [names.indexOf('ts'), names.indexOf('event')];
  const renamed = new Map([...events].map(([from, to]) => [toCopy(from), toCopy(to)]));
  const isWhole = taken.length === names.length && ids.length === 0 && unit === 'ms' && renamed.size === 0;
  /** Matches a row that needs no change, at a fifth of the cost of splitting it. */
  const plain = isWhole
    ? new RegExp(`^(?:[^\\t]*\\t){${ts}}-?\\d+(?:\\t[^\\t]*){${names.length - ts - 1}}$`)
    : /(?!)/;
  let line = 0;
  return (rows) => {
    const mapped = rows
      .toString('latin1')
      .split('\n')
      .slice(0, -1)
      .map((row) => {
        line++;
        if (plain.test(row)) return `${row}\n`;
        const fields = row.split('\t');
        if (fields.length !== names.length) {
          throw new ZenError(
            'failed',
            `${path}, row ${line} of the log has ${fields.length} values instead of ${names.length}. Copy it again.`,
          );
        }
        if (unit) fields[ts] = readTime(fields[ts] ?? '', unit, line, path);
        for (const place of ids) fields[place] = rewriteId(fields[place] ?? '');
        const kind = fields[event] ?? '';
        fields[event] = renamed.get(kind) ?? kind;
        return `${places.map((place) => fields[place]).join('\t')}\n`;
      });
    return Buffer.from(mapped.join(''), 'latin1');
  };
}

/** Writes a text as a COPY value whose bytes are read as latin1. */
function toCopy(text: string): string {
  return escapeText(Buffer.from(text).toString('latin1'));
}
