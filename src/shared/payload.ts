import { join, split } from './bytes.ts';
import { decodeCells, encodeCells } from './cells.ts';
import type { Cells } from './cells.ts';
import type { Returns } from './returns.ts';

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
    const [first, end] = [Math.floor(payload.start / 60_000 / step), Math.ceil(payload.end / 60_000 / step)];
    const isNamed = names.every((list, at) => new Set(list).size === cells.sizes[at]);
    if (!isNamed || names.some((list) => new Set(list).size < list.length))
      throw new Error(`The names of ${table} are not ${cells.sizes.join(' × ')} different ones.`);
    for (const minute of cells.minutes)
      if (!(minute < end - first))
        throw new Error(`${table} has minute ${minute} of a period of ${end - first}.`);
  }
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
  const [names = bytes, visits = bytes, engagement = bytes, returns = bytes] = split(bytes);
  const [found, head] = JSON.parse(new TextDecoder().decode(names)) as [number, Head];
  if (found !== version) throw new Error(`The payload is of version ${found}, not ${version}.`);
  const payload = {
    ...head,
    visits: decodeCells(visits, dimensions),
    engagement: decodeCells(engagement, dimensions),
    people: head.people && { ...head.people, cells: decodeCells(returns, dimensions + 1) },
  };
  requireTables(payload);
  return payload;
}
