import { join, split } from './varint.ts';
import { decodeCells, encodeCells, latestMinute, scanCells } from './cells.ts';
import type { Cells, Outline } from './cells.ts';
import type { Returns } from '../people/returns.ts';

/** A topic, of cards or of sources: one colour in every chart. Its rank orders stacks and legends, the largest first. */
export interface Topic {
  name: string;
  color: string;
  rank: number;
}

/** A kind of event, its name for the reader, and its place in the funnel. */
export interface Step {
  event: string;
  name: string;
  rank: number;
}

/** A stretch that was never aggregated: its minutes are missing, which is not the same as zero. */
export interface Gap {
  start: number;
  end: number;
}

/** Rows before `until` are of `step` instead of minutes; Unix milliseconds, and milliseconds. */
export interface Coarse {
  until: number;
  step: number;
}

/** Groups (a card topic × an age × a kind of event) of fewer than `least` people stand under a common name, so many with their like. */
export interface Merged {
  least: number;
  groups: number;
}

/** All that the page knows. */
export interface Payload {
  /** The period, half-open, Unix milliseconds. */
  start: number;
  end: number;
  coarse: Coarse | null;
  /** The names in the order of their codes: card topics and age segments in the order to show them, source topics. */
  items: string[];
  ages: string[];
  sources: string[];
  events: Step[];
  topics: Topic[];
  gaps: Gap[];
  /** Stretches without events that cannot be chance. Pages of before these were looked for have none. */
  silences?: Gap[];
  /** Null where groups of any size are told. */
  merged: Merged | null;
  /** dash_visits by card topic, age and source topic. */
  visits: Cells;
  /** dash_engagement by card topic, age and event. */
  engagement: Cells;
  /** dash_users; null where it does not tell of the whole period. */
  people: Returns | null;
}

type Head = Omit<Payload, 'visits' | 'engagement' | 'people'> & { people: Omit<Returns, 'cells'> | null };

/** Changes whenever `encode` writes something that an older `decode` would misread. */
const version = 5;

const dimensions = 3;

/**
 * The payload as bytes, which deflate well: the names as JSON, then the tables.
 *
 * @throws Error for what no page can hold
 */
export function encode(payload: Payload): Uint8Array {
  requireTables(payload);
  const { visits, engagement, people, ...rest } = payload;
  const head: Head = {
    ...rest,
    people: people && omitCells(people),
  };
  const names = new TextEncoder().encode(JSON.stringify([version, head]));
  return join([names, ...[visits, engagement, ...(people ? [people.cells] : [])].map(encodeCells)]);
}

/** A table of a payload, with the names that its codes stand for. */
export interface NamedCells {
  table: 'dash_visits' | 'dash_engagement' | 'dash_users';
  names: string[][];
  cells: Cells;
  /** Minutes. */
  step: number;
}

/** The tables of a payload. */
export function listTables(payload: Payload): NamedCells[] {
  const { items, ages, sources, visits, engagement, people } = payload;
  const events = payload.events.map(({ event }) => event);
  const tables: NamedCells[] = [
    { table: 'dash_visits', names: [items, ages, sources], cells: visits, step: 1 },
    { table: 'dash_engagement', names: [items, ages, events], cells: engagement, step: 1 },
  ];
  if (!people) return tables;
  const since = Array.from({ length: people.cells.sizes[3] ?? NaN }, (_, steps) => String(steps));
  const names = [...listScopes(payload), since];
  return [...tables, { table: 'dash_users', names, cells: people.cells, step: people.step }];
}

/** The names of what people are counted of, in the order of their codes (`Returns`). */
export function listScopes({ items, ages, events }: Pick<Payload, 'items' | 'ages' | 'events'>): string[][] {
  const own = (name: string) => `=${name}`;
  const kinds = events.map(({ event }) => own(event));
  return [
    ['*', ...items.map(own)],
    ['*', ...ages.map(own)],
    [...kinds, 'show|click', 'show|view'],
  ];
}

/** That each table has the names of the lists, each of them once, and no minute beyond the period. */
function requireTables(payload: Payload): void {
  for (const { table, names, cells, step } of listTables(payload)) {
    requireTable(payload, { table, names, step, sizes: cells.sizes, last: latestMinute(cells) });
  }
}

function requireTable(
  { start, end }: Gap,
  { table, names, step, sizes, last }: Omit<NamedCells, 'cells'> & Pick<Outline, 'sizes' | 'last'>,
): void {
  const length = Math.ceil(end / 60_000 / step) - Math.floor(start / 60_000 / step);
  const isNamed = names.every((list, at) => new Set(list).size === sizes[at]);
  if (!isNamed || names.some((list) => new Set(list).size < list.length))
    throw new Error(`The names of ${table} are not ${sizes.join(' × ')} different ones.`);
  if (!(last < length)) throw new Error(`${table} has minute ${last} of a period of ${length}.`);
}

function omitCells({ step, reaches, withheld }: Returns): Omit<Returns, 'cells'> {
  return { step, reaches, withheld };
}

/**
 * The inverse of `encode`.
 *
 * @throws Error when the bytes are of another version, or not whole, or hold what no page can
 */
export function decode(bytes: Uint8Array): Payload {
  const [names = bytes, visits = bytes, engagement = bytes, returns = bytes] = split(bytes, 4);
  const head = readHead(names);
  const payload = {
    ...head,
    visits: decodeCells(visits, dimensions),
    engagement: decodeCells(engagement, dimensions),
    people: head.people && { ...head.people, cells: decodeCells(returns, dimensions + 1) },
  };
  requireTables(payload);
  return payload;
}

function readHead(bytes: Uint8Array): Head {
  const [found, head] = JSON.parse(new TextDecoder().decode(bytes)) as [number, Head];
  if (found !== version) throw new Error(`The payload is of version ${found}, not ${version}.`);
  return head;
}

/** All but the rows of a payload. */
export type Sketch = Head & Record<'visits' | 'engagement', Outline> & { returns: Outline | null };

/** Bytes of all names, stretches without events, and minutes of a period, beyond which there is no page. */
const mostNames = 4e6;
const mostStretches = 10_000;
const mostMinutes = 10 * 366 * 1440;
/** Steps between two times of a person, of a quarter of an hour in so many minutes. */
const mostSteps = mostMinutes / 15;

/**
 * Reads all that `decode` does of a stranger's bytes, in as much time and memory as they have, and keeps no row.
 *
 * @param take gets each row of dash_visits: the code of its card topic, its minute and its value
 * @throws Error when the bytes are of another version, or not whole, or hold what no page can
 */
export function scan(
  bytes: Uint8Array,
  take?: (item: number, minute: number, value: number) => void,
): Sketch {
  const [names = bytes, visits = bytes, engagement = bytes, returns = bytes] = split(bytes, 4);
  if (names.length > mostNames) throw new Error('The names of this page are too many.');
  const head = readHead(names);
  requireHead(head);
  const { items, ages, sources, people } = head;
  const events = head.events.map(({ event }) => event);
  const found = {
    visits: scanCells(visits, dimensions, take),
    engagement: scanCells(engagement, dimensions),
  };
  requireTable(head, { table: 'dash_visits', names: [items, ages, sources], step: 1, ...found.visits });
  requireTable(head, {
    table: 'dash_engagement',
    names: [items, ages, events],
    step: 1,
    ...found.engagement,
  });
  const outline = people && scanCells(returns, dimensions + 1);
  if (outline) {
    const [, , , since = 0] = outline.sizes;
    if (!(since >= 1 && since <= mostSteps)) throw new Error(`dash_users has ${since} steps.`);
    requireTable(head, { table: 'dash_users', names: listScopes(head), step: people.step, ...outline });
  }
  return { ...head, ...found, returns: outline };
}

/** That the names are names, and times are times, as `encode` has them from the types. */
function requireHead(head: Head): void {
  const { start, end, coarse, items, ages, sources, events, topics, gaps, silences = [], people } = head;
  const isTime = (...times: unknown[]) => times.every((time) => Math.abs(time as number) <= 8.64e15);
  const isText = (text: unknown) => typeof text === 'string';
  const isStretch = (stretch: Gap) => isTime(stretch.start, stretch.end);
  const isFit =
    isStretch(head) &&
    start <= end &&
    (coarse === null || isTime(coarse.until, coarse.step)) &&
    [items, ages, sources].every((names) => names.every(isText)) &&
    events.every(({ event, name, rank }) => [event, name].every(isText) && Number.isFinite(rank)) &&
    topics.every(({ name, color, rank }) => isText(name) && /^#[0-9a-f]{6}$/i.test(color) && rank >= 0) &&
    gaps.length + silences.length <= mostStretches &&
    [...gaps, ...silences].every(isStretch) &&
    (people === null || (people.step >= 1 && people.reaches.every(Number.isInteger)));
  if (!isFit) throw new Error('Its names or times are none.');
  if (!(end - start <= mostMinutes * 60_000)) throw new Error('It tells of more than ten years.');
}
