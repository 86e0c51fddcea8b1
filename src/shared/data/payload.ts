import { joinPieces, split } from './varint.ts';
import { decodeCells, decodingCells, encodeCells, finish, latestMinute, pick, scanCells } from './cells.ts';
import type { Cells, Outline } from './cells.ts';
import { known, mapValues, valueOf } from '../known.ts';
import { isLadder } from '../ladder.ts';
import type { Ladder } from '../ladder.ts';
import { addMarginal, listMarginals } from './marginals.ts';
import type { Marginal } from './marginals.ts';
import type { Window } from '../windows.ts';
import type { Returns } from '../people/returns.ts';

/** A topic, of cards or of sources, with one colour in every chart. Its rank orders stacks and legends, largest first. */
export interface Topic {
  name: string;
  color: string;
  rank: number;
}

/** A kind of event, with its name for readers and its place in the funnel. */
export interface EventKind {
  event: string;
  name: string;
  rank: number;
  /** True for a step of the funnel. */
  step: boolean;
}

/**
 * Groups (a card topic × an age × a kind of event) of fewer than `least` people stand under a common name. `groups`
 * counts them and those merged with them.
 */
export interface Merged {
  least: number;
  groups: number;
}

/** Some names of a dimension under a common name: at least two, and not all. */
export interface NamedGroup {
  field: string;
  name: string;
  names: string[];
}

/** An aggregate by columns: its cells by some dimensions, in that order, with the values of a measure. */
export interface DataTable {
  fields: string[];
  measure: string;
  cells: Cells;
}

/** All the data of the page. */
export interface Payload {
  /** The period, half-open, Unix milliseconds. */
  start: number;
  end: number;
  /** The steps of its rows. */
  ladder: Ladder;
  /** The names of each dimension in the order of their codes, which is the order shown. */
  dimensions: Record<string, string[]>;
  /** The kinds of event, in the order of `dimensions`. */
  events: EventKind[];
  topics: Topic[];
  /** Stretches that were never aggregated: their minutes are missing, not zero. */
  gaps: Window[];
  /** Stretches without events that cannot be chance. Pages older than this search have none. */
  silences?: Window[];
  /** Null when groups of any size are shown. */
  merged: Merged | null;
  /** The names that the page is restricted to, by dimension, as in the log; without them, all. */
  only?: Record<string, string[]>;
  /** The names that a reader's copy of the page was restricted to, by dimension. */
  kept?: Record<string, string[]>;
  /** The named groups of its project, if it has any. */
  groups?: NamedGroup[];
  /** The aggregates by name. */
  tables: Record<string, DataTable>;
  /** The aggregates whose measures count the events, and the users of each minute. */
  counting: { events: string; users: string };
  /** dash_users; null when it does not cover the whole period. */
  people: Returns | null;
}

/** A payload before the rows of its tables have been read. */
export type Early = Omit<Payload, 'tables'> & {
  tables: Record<
    string,
    Omit<DataTable, 'cells'> & { cells: Cells | null; marginals?: (Marginal & { cells: Cells })[] }
  >;
};

/** A table without its cells; with marginals when its rows come last. */
type TableHead = Omit<DataTable, 'cells'> & { marginals?: Marginal[] };

type Head = Omit<Payload, 'tables' | 'people'> & {
  tables: Record<string, TableHead>;
  people: Omit<Returns, 'cells'> | null;
};

/**
 * The format versions, with all rows in one part or with rows last. Change them whenever an older `decode` would
 * misread what `encode` writes.
 */
const versions = { whole: 7, split: 8 };

/** The most rows that a browser reads before the page is shown. */
const mostAtOnce = 1_000_000;

/** The bytes of a payload. With many rows, these are in the second part, marginals in the first. */
export type Parts<Own extends ArrayBufferLike = ArrayBufferLike> = readonly [
  first: Uint8Array<Own>,
  ...rows: Uint8Array<Own>[],
];

/** Separates the parts within one text; base64 never contains it. */
export const partMark = '.';

/**
 * Encodes the payload as bytes that deflate well: the names as JSON, then the tables.
 *
 * @param most rows beyond which there are two parts
 * @throws Error for what no page can hold
 */
export function encode(payload: Payload, most = mostAtOnce): Parts<ArrayBuffer> {
  requireTables(payload);
  const { tables, people, ...rest } = payload;
  const rows = Object.values(tables).reduce((sum, { cells }) => sum + cells.minutes.length, 0);
  const isSplit = rows > most;
  const head: Head = {
    ...rest,
    tables: mapValues(tables, ({ fields, measure }, name) => ({
      fields,
      measure,
      ...(isSplit && { marginals: listMarginals(payload, fields, countedAs(payload, name)) }),
    })),
    people: people && omitCells(people),
  };
  const names = new TextEncoder().encode(JSON.stringify([isSplit ? versions.split : versions.whole, head]));
  const cells = Object.values(tables).map((table) => encodeCells(table.cells));
  const returns = people ? [encodeCells(people.cells)] : [];
  if (!isSplit) return [joinPieces([names, ...cells, ...returns])];
  const sums = Object.entries(head.tables).flatMap(([name, { fields, marginals = [] }]) =>
    marginals.map((marginal) =>
      encodeCells(addMarginal(payload, fields, valueOf(tables, name).cells, marginal)),
    ),
  );
  return [joinPieces([names, ...sums, ...returns]), joinPieces(cells)];
}

/** Tells which of the page's two counts an aggregate has, if any. */
function countedAs({ counting }: Payload, name: string): 'events' | 'users' | null {
  return name === counting.events ? 'events' : name === counting.users ? 'users' : null;
}

/** Returns the aggregate that counts the events of a page, or the users of each minute. */
export function countedBy<Table>(
  { tables, counting }: { tables: Record<string, Table>; counting: Payload['counting'] },
  what: 'events' | 'users',
): Table {
  return valueOf(tables, counting[what]);
}

/** Returns the names of a dimension of a page; none when no table has it. */
export function namesOf({ dimensions }: Pick<Payload, 'dimensions'>, field: string): string[] {
  return Object.hasOwn(dimensions, field) ? valueOf(dimensions, field) : [];
}

/** Returns the indices of some dimensions among those of a table. @throws Error where it lacks one */
export function placesOf(fields: readonly string[], wanted: readonly string[]): number[] {
  return wanted.map((field) => {
    const place = fields.indexOf(field);
    if (place < 0) throw new Error(`A table of ${fields.join(', ')} has no ${field}.`);
    return place;
  });
}

/** A table of a payload, with the names that its codes stand for. */
export interface NamedCells {
  table: string;
  names: string[][];
  cells: Cells;
  /** Minutes. */
  step: number;
}

/** Lists the tables of a payload. */
export function listTables(payload: Payload): NamedCells[] {
  const tables = Object.entries(payload.tables).map(([name, { cells, ...table }]): NamedCells => {
    return { ...nameTable(payload, name, table), cells };
  });
  const { people } = payload;
  if (!people) return tables;
  const since = Array.from({ length: known(people.cells.sizes[3]) }, (_, steps) => String(steps));
  const names = [...listScopes(payload), since];
  return [...tables, { table: 'dash_users', names, cells: people.cells, step: people.step }];
}

function nameTable(
  payload: Pick<Payload, 'dimensions'>,
  name: string,
  { fields }: Pick<DataTable, 'fields'>,
): Omit<NamedCells, 'cells'> {
  return {
    table: `dash_${name}`,
    names: fields.map((field) => valueOf(payload.dimensions, field)),
    step: 1,
  };
}

/** Lists the names that people are counted by, in the order of their codes (`Returns`). */
export function listScopes(
  payload: Pick<Payload, 'dimensions' | 'events'> & { people: Pick<Returns, 'groups'> | null },
): string[][] {
  const { topics = [], ages = [] } = payload.people?.groups ?? {};
  const own = (name: string) => `=${name}`;
  const list = (field: string, groups: number[][]) => {
    const names = namesOf(payload, field);
    return [
      '*',
      ...names.map(own),
      ...groups.map((codes) => callGroup(codes.map((code) => known(names[code])))),
    ];
  };
  const kinds = payload.events.map(({ event }) => own(event));
  return [list('item_topic', topics), list('age_segment', ages), [...kinds, 'show|click', 'show|view']];
}

/** The name of a group in `listScopes`. */
export function callGroup(names: readonly string[]): string {
  return `+${JSON.stringify(names)}`;
}

/** Checks that each table has the listed names, each of them once, and no minute beyond the period. */
function requireTables(payload: Payload): void {
  requireCounting(payload);
  requireDifferent(payload);
  for (const { cells, ...table } of listTables(payload))
    requireDataTable(payload, { ...table, sizes: cells.sizes, last: latestMinute(cells) });
}

/** Checks that the tables for the two counts exist, and have the dimensions that queries need. */
function requireCounting(payload: Pick<Head, 'tables' | 'counting'>): void {
  placesOf(countedBy(payload, 'events').fields, ['item_topic', 'age_segment']);
  placesOf(countedBy(payload, 'users').fields, ['item_topic', 'age_segment', 'event']);
}

/** Checks that no name is repeated: once per dimension, because many tables may share one. */
function requireDifferent({ dimensions, events }: Pick<Head, 'dimensions' | 'events'>): void {
  const kinds = { events: events.map(({ event }) => event) };
  for (const [field, names] of [...Object.entries(dimensions), ...Object.entries(kinds)])
    if (new Set(names).size < names.length)
      throw new Error(`The names of ${field} are not ${names.length} different ones.`);
}

function requireDataTable(
  { start, end }: Window,
  { table, names, step, sizes, last }: Omit<NamedCells, 'cells'> & Pick<Outline, 'sizes' | 'last'>,
): void {
  const length = Math.ceil(end / 60_000 / step) - Math.floor(start / 60_000 / step);
  if (!names.every(({ length: number }, at) => number === sizes[at]))
    throw new Error(`The names of ${table} are not ${sizes.join(' × ')} different ones.`);
  if (!(last < length)) throw new Error(`${table} has minute ${last} of a period of ${length}.`);
}

function omitCells({ step, reaches, withheld, groups }: Returns): Omit<Returns, 'cells'> {
  return { step, reaches, withheld, ...(groups && { groups }) };
}

/**
 * Reverses `encode`.
 *
 * @throws Error when the bytes are of another version, incomplete or invalid, or the marginals do not match the rows
 */
export function decode(parts: Parts): Payload {
  const [first, rows] = parts;
  const early = decodeFirst(first);
  const payload = rows ? finish(decodingRows(early, rows)) : requireRows(early);
  for (const { name, fields, sums } of open(parts).tables)
    for (const { piece, ...marginal } of sums)
      if (
        !isSameBytes(
          piece,
          encodeCells(addMarginal(payload, fields, valueOf(payload.tables, name).cells, marginal)),
        )
      )
        throw new Error('The data of this page has other sums than it says.');
  return payload;
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Reads the first part of a payload: all of it, or what is shown before the second. @throws Error as `decode` does */
export function decodeFirst(first: Uint8Array): Early {
  const { head, tables, returns } = open([first]);
  const early = {
    ...head,
    tables: Object.fromEntries(
      tables.map(({ name, fields, measure, sums, piece }) => [
        name,
        {
          ...{ fields, measure },
          cells: piece ? decodeCells(piece, fields.length) : null,
          marginals: sums.map(({ piece, ...marginal }) => ({
            ...marginal,
            cells: decodeCells(piece, fields.length),
          })),
        },
      ]),
    ),
    people: head.people && { ...head.people, cells: decodeCells(returns, scopes + 1) },
  };
  if (Object.values(early.tables).every(({ cells }) => cells !== null)) requireTables(requireRows(early));
  return early;
}

/** Reads the second part of a payload, in small steps. @throws Error as `decode` does */
export function* decodingRows(early: Early, rows: Uint8Array): Generator<undefined, Payload> {
  const listed = Object.entries(early.tables);
  const pieces = split(rows, mostTables);
  requireNumber(pieces, listed.length);
  const tables: Payload['tables'] = {};
  for (const [at, [name, { fields, measure }]] of listed.entries())
    tables[name] = { fields, measure, cells: yield* decodingCells(pick(pieces, at), fields.length) };
  const payload = { ...early, tables };
  requireTables(payload);
  return payload;
}

/** Returns a payload that is complete at once. @throws Error when its rows come last, and are missing */
export function requireRows(early: Early): Payload {
  return {
    ...early,
    tables: mapValues(early.tables, ({ fields, measure, cells }) => {
      if (!cells) throw new Error('The data of this page ends too early.');
      return { fields, measure, cells };
    }),
  };
}

/** Dimensions of what people are counted of (`listScopes`). */
const scopes = 3;

/** A table of a payload as bytes; `piece` holds its rows, if it has any yet. */
interface OpenedTable extends Omit<DataTable, 'cells'> {
  name: string;
  sums: (Marginal & { piece: Uint8Array })[];
  piece: Uint8Array | undefined;
}

/** The names, and the bytes of each table, and of people. */
function open([bytes, rows]: Parts): {
  head: Head;
  tables: OpenedTable[];
  returns: Uint8Array;
} {
  const [names = bytes, ...pieces] = split(bytes, mostTables * mostMarginals + 2);
  if (names.length > mostNames) throw new Error('The names of this page are too many.');
  const [found, head] = JSON.parse(new TextDecoder().decode(names)) as [number, Head];
  const { whole, split: later } = versions;
  if (found !== whole && found !== later)
    throw new Error(
      `another version of zen made them (version ${found}, not ${later}): render the page again`,
    );
  const isSplit = found === later;
  const listed = Object.entries(head.tables);
  const sums = listed.flatMap(([, { marginals = [] }]) => marginals);
  requireNumber(pieces, (isSplit ? sums.length : listed.length) + (head.people ? 1 : 0));
  if ((!isSplit && sums.length > 0) || listed.length > mostTables || (!isSplit && rows))
    throw new Error('The data of this page has sums that it cannot have.');
  const own = !isSplit ? pieces : rows ? split(rows, mostTables) : [];
  if (isSplit && rows) requireNumber(own, listed.length);
  let next = 0;
  const tables = listed.map(([name, { fields, measure, marginals = [] }], at) => ({
    ...{ name, fields, measure, piece: own[at] },
    sums: marginals.map((marginal) => ({ ...marginal, piece: pick(pieces, next++) })),
  }));
  return { head, tables, returns: pieces.at(-1) ?? bytes };
}

function requireNumber(pieces: readonly unknown[], wanted: number): void {
  if (pieces.length !== wanted) throw new Error(`The page has ${pieces.length} tables, not ${wanted}.`);
}

/** All but the rows of a payload. */
export type Sketch = Omit<Head, 'tables'> & {
  tables: Record<string, Omit<DataTable, 'cells'> & { cells: Outline }>;
  returns: Outline | null;
};

/** The most tables of a page, and the most dimensions and marginals of each. */
const mostTables = 100;
const mostFields = 16;
const mostMarginals = 8;
/** The most bytes of all names, the most stretches without events, and the most minutes of a period. */
const mostNames = 4e6;
const mostStretches = 10_000;
const mostMinutes = 10 * 366 * 1440;
/** The most steps between two sightings of a person: quarters of an hour in that many minutes. */
const mostSteps = mostMinutes / 15;

/**
 * Reads everything that `decode` does, from a stranger's bytes, in time and memory proportional to them, and keeps no
 * rows.
 *
 * @param take receives each row of the aggregate that counts the events: the code of its first dimension, its minute
 *   and its value
 * @throws Error when the bytes are of another version, incomplete or invalid
 */
export function scan(parts: Parts, take?: (code: number, minute: number, value: number) => void): Sketch {
  const { head, tables, returns } = open(parts);
  requireHead(head);
  requireCounting(head);
  requireDifferent(head);
  const found = tables.map(({ name, fields, measure, sums, piece }) => {
    if (!piece) throw new Error('The data of this page ends too early.');
    const cells = scanCells(piece, fields.length, name === head.counting.events ? take : undefined);
    const { names, ...table } = nameTable(head, name, { fields });
    requireDataTable(head, { ...table, names, ...cells });
    for (const sum of sums) {
      const marginal = scanCells(sum.piece, fields.length);
      const kept = names.map((list, at) => (sum.fields.includes(pick(fields, at)) ? list : ['']));
      requireDataTable(head, { ...table, names: kept, ...marginal });
      if (marginal.sum !== cells.sum || marginal.rows !== cells.rows)
        throw new Error('The data of this page has other sums than it says.');
    }
    return [name, { fields, measure, cells }] as const;
  });
  const outline = head.people && scanCells(returns, scopes + 1);
  if (head.people && outline) {
    const [, , , since = 0] = outline.sizes;
    if (!(since >= 1 && since <= mostSteps)) throw new Error(`dash_users has ${since} steps.`);
    requireDataTable(head, {
      table: 'dash_users',
      names: listScopes(head),
      step: head.people.step,
      ...outline,
    });
  }
  return { ...head, tables: Object.fromEntries(found), returns: outline };
}

/** The names of dimensions, measures and tables. */
const identifier = /^[a-z_][a-z0-9_]{0,62}$/;

/** Checks that names are names and times are times, as the types of `encode` guarantee. */
function requireHead(head: Head): void {
  const {
    start,
    end,
    ladder,
    dimensions,
    events,
    topics,
    gaps,
    silences = [],
    only = {},
    kept = {},
    groups = [],
    tables,
    people,
  } = head;
  const isTime = (...times: unknown[]) => times.every((time) => Math.abs(time as number) <= 8.64e15);
  const isText = (text: unknown) => typeof text === 'string';
  const isName = (text: unknown) => isText(text) && identifier.test(text);
  const isStretch = (stretch: Window) => isTime(stretch.start, stretch.end);
  const isFit =
    isStretch(head) &&
    start <= end &&
    isLadder(ladder, head) &&
    [dimensions, only, kept].every(
      (lists) =>
        Object.keys(lists).every(isName) && Object.values(lists).every((names) => names.every(isText)),
    ) &&
    events.every(({ event, name, rank }) => [event, name].every(isText) && Number.isFinite(rank)) &&
    topics.every(({ name, color, rank }) => isText(name) && /^#[0-9a-f]{6}$/i.test(color) && rank >= 0) &&
    gaps.length + silences.length <= mostStretches &&
    [...gaps, ...silences].every(isStretch) &&
    Object.entries(tables).every(
      ([name, { fields, measure, marginals = [] }]) =>
        fields.length <= mostFields &&
        [name, measure, ...fields].every(isName) &&
        marginals.length <= mostMarginals &&
        marginals.every(
          (marginal) =>
            marginal.fields.every((field) => fields.includes(field)) &&
            (marginal.step === null || (Number.isInteger(marginal.step) && marginal.step >= 1)),
        ),
    ) &&
    groups.every(({ field, name, names }) => isName(field) && isText(name) && names.every(isText)) &&
    (people === null || (people.step >= 1 && people.reaches.every(Number.isInteger)));
  if (!isFit) throw new Error('Its names or times are none.');
  if (!(end - start <= mostMinutes * 60_000)) throw new Error('It tells of more than ten years.');
}
