import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { buildCells, eachCell, encodeCells, pick } from '../shared/data/cells.ts';
import type { Cell } from '../shared/data/cells.ts';
import { rowsWithin } from '../shared/data/cube.ts';
import { callGroup, countedBy, listScopes, namesOf, placesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { known } from '../shared/known.ts';
import type { CountedGroups, Returns } from '../shared/people/returns.ts';
import { listNamedGroups } from '../log/named-groups.ts';
import { dayMinutes, dayMs, minuteMs, nextMidnight } from '../time.ts';
import type { Window } from '../time.ts';
import { callName, Gatherer, readArray } from './columns.ts';
import type { Piece } from './columns.ts';
import { deflate } from './pack.ts';

/** The minutes of a step, each a multiple of the one before; no step crosses midnight. */
const stepMinutes = [1, 5, 15, 60, 180, 360, 1440];

/** A row of `dash_users`: the day's midnight in minutes since 1970, and three arrays as text. */
interface Day {
  midnight: number;
  reach: number;
  minutes: string;
  previous: string;
  users: string;
  every_topic: boolean | null;
  item_topic: string;
  every_age: boolean | null;
  age_segment: string;
  event: string;
  or_event: string;
}

/** People, or none; and the days (Unix milliseconds) on which `dash_users` does not match the page's events. */
export interface Counted {
  people: Returns | null;
  stale: number[];
}

/**
 * Reads how many people come back, in a step that suits the period: a minute up to six hours, five up to a day and a
 * half, else a quarter of an hour.
 * The counts must match `dash_engagement`. They do not when a role that may not write `dash_users` has aggregated
 * again, a day is partly aggregated, or the log had lost part of it.
 */
export async function queryPeople(
  session: Session,
  payload: Payload,
  translate: (text: string) => string,
): Promise<Counted> {
  const { start, end } = payload;
  const step = end - start <= dayMs / 4 ? 1 : end - start <= 1.5 * dayMs ? 5 : 15;
  const first = Math.floor(start / minuteMs / step);
  const gatherer = new Gatherer('dash_users', (at) => (first + at) * step * minuteMs);
  const [reaches, stale]: [number[], number[]] = [[], []];
  const counted = new Set<number>();
  const groups = await queryGroups(session, payload);
  const name = (every: boolean | null, text: string, called: ReadonlyMap<string, string>) =>
    every === null ? called.get(text) : every ? '*' : `=${callName(text, translate)}`;
  for (let from = start; from < end; from = nextMidnight(from)) {
    const window = { start: from, end: Math.min(end, nextMidnight(from)) };
    // Not beyond the period's start; a day on which nobody was seen knows all of it.
    let reach = reaches.length;
    let isKnown = true;
    const seen = new Map<string, Float64Array>();
    for (const day of await session.query<Day>(sql('render/users'), [window.start, window.end])) {
      const topic = name(day.every_topic, day.item_topic, groups.topics);
      const age = name(day.every_age, day.age_segment, groups.ages);
      if (topic === undefined || age === undefined) continue; // a group that is not on the page
      const kind =
        day.or_event === '' ? `=${callName(day.event, translate)}` : `${day.event}|${day.or_event}`;
      const scope = [topic, age, kind];
      const rows = readRows(day);
      counted.add(day.midnight);
      if (scope.every((one) => one.startsWith('='))) addUsers(seen, scope.join('\0'), rows);
      const steps = gatherSteps(rows, day, window, { start, step, counted });
      for (const [since, piece] of steps ?? []) gatherer.add({ names: [...scope, String(since)], ...piece });
      isKnown &&= steps !== null;
      reach = Math.min(reach, day.reach);
    }
    if (!isKnown || !areShown(seen, window, payload)) stale.push(Math.floor(from / dayMs) * dayMs);
    reaches.push(reach);
  }
  if (stale.length > 0) return { people: null, stale };
  const most = Math.max(0, ...[...gatherer.totals(3).keys()].map(Number));
  const since = Array.from({ length: most + 1 }, (_, steps) => String(steps));
  const told = groups.told && { groups: groups.told };
  const scopes = listScopes({ ...payload, people: told ?? {} });
  const cells = { ...gatherer.build([...scopes, since]), counts: null };
  const withheld = { topic: null, age: null, partly: [] };
  return { people: { step, reaches, withheld, ...told, cells }, stale };
}

/** The named groups of a page that were counted on all its days, by key, with their names in `listScopes`. */
interface KnownGroups {
  topics: ReadonlyMap<string, string>;
  ages: ReadonlyMap<string, string>;
  /** Undefined when the page has no groups. */
  told?: CountedGroups;
}

async function queryGroups(session: Session, payload: Payload): Promise<KnownGroups> {
  const { start, end, groups = [] } = payload;
  if (groups.length === 0) return { topics: new Map(), ages: new Map() };
  const rows = await session.query<{ key: string }>(sql('render/named'), [start, end]);
  const keys = new Set(rows.map(({ key }) => key));
  const look = (field: string) => {
    const called = new Map<string, string>();
    const places: number[][] = [];
    for (const { names, name } of groups.filter((group) => group.field === field)) {
      const { key } = known(listNamedGroups().find((group) => group.name === name));
      const label = callGroup(names);
      // Groups that differ only in names missing from the period have the same people.
      if (!keys.has(key) || [...called.values()].includes(label)) continue;
      called.set(key, label);
      places.push(names.map((one) => namesOf(payload, field).indexOf(one)));
    }
    return { called, places };
  };
  const [topics, ages] = [look('item_topic'), look('age_segment')];
  const told = { topics: topics.places, ages: ages.places };
  return { topics: topics.called, ages: ages.called, told };
}

/** The arrays of a row of `dash_users`; NaN for people not seen before. */
type Rows = Record<'minutes' | 'previous' | 'users', Float64Array>;

function readRows(day: Day): Rows {
  const [minutes, previous, users] = [day.minutes, day.previous, day.users].map(readArray) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  if (minutes.length !== previous.length || minutes.length !== users.length)
    throw new Error('dash_users has arrays of different lengths.');
  return { minutes, previous, users };
}

/** Sums the users of a cell by minute of the day. */
function addUsers(seen: Map<string, Float64Array>, cell: string, { minutes, users }: Rows): void {
  const sums = seen.get(cell) ?? new Float64Array(dayMinutes);
  seen.set(cell, sums);
  for (let row = 0; row < minutes.length; row++) {
    const minute = pick(minutes, row);
    sums[minute] = pick(sums, minute) + pick(users, row);
  }
}

/**
 * Compares a day's users with `dash_engagement`, cell by cell, in the minutes of a window within that day. NULL and
 * empty event names share a cell of `dash_users`, but not there: users in both count once.
 */
function areShown(seen: Map<string, Float64Array>, window: Window, payload: Payload): boolean {
  const { cells, fields } = countedBy(payload, 'users');
  const { minutes, sums, counts, offsets } = cells;
  const [topics = [], ages = [], kinds = []] = listScopes(payload);
  const [item, age, event] = placesOf(fields, ['item_topic', 'age_segment', 'event']).map((place) =>
    pick(cells.codes, place),
  ) as [Uint32Array, Uint32Array, Uint32Array];
  const [base, midnight] = [
    Math.floor(payload.start / minuteMs),
    Math.floor(window.start / dayMs) * dayMinutes,
  ];
  const [from, till] = [window.start, window.end].map((ms) => Math.ceil(ms / minuteMs)) as [number, number];
  const nobody = new Float64Array(dayMinutes);
  for (let cell = 0; cell + 1 < offsets.length; cell++) {
    const names = [topics[pick(item, cell) + 1], ages[pick(age, cell) + 1], kinds[pick(event, cell)]];
    const people = seen.get(names.join('\0')) ?? nobody;
    const [first, end] = rowsWithin(cells, cell, from - base, till - base);
    for (let row = first; row < end; row++) {
      const minute = pick(minutes, row) + base - midnight;
      const users = pick(sums, row + 1) - pick(sums, row);
      const rows = counts ? pick(counts, row + 1) - pick(counts, row) : 1;
      const found = pick(people, minute);
      if (found > users || found * rows < users) return false;
      people[minute] = 0;
    }
  }
  const others = [...seen.values()].map((people) => people.subarray(from - midnight, till - midnight));
  return others.every((people) => people.every((users) => users === 0));
}

/**
 * Counts the users of a window within a day by how many steps ago they were last seen: 0 for before the period, or
 * unknown. Repeats within a step count once. Steps count from the period's first. Null when some were last seen on a
 * day of the period without known people.
 */
function gatherSteps(
  { minutes, previous, users }: Rows,
  { midnight, reach }: Day,
  window: Window,
  { start, step, counted }: { start: number; step: number; counted: Set<number> },
): Map<number, Omit<Piece, 'names'>> | null {
  const [from, till, begin] = [window.start, window.end, start].map(
    (ms) => Math.ceil(ms / minuteMs) - midnight,
  ) as [number, number, number];
  const base = Math.max(begin, (-reach * dayMs) / minuteMs);
  const first = Math.floor(start / minuteMs / step) - midnight / step;
  const found = new Map<number, { minutes: number[]; values: number[] }>();
  for (let row = 0; row < minutes.length; row++) {
    const [minute, before] = [pick(minutes, row), pick(previous, row)];
    if (minute < from || minute >= till) continue;
    const at = Math.floor(minute / step);
    const isNew = !(before >= base);
    if (!isNew && before < 0 && !counted.has(midnight + Math.floor(before / dayMinutes) * dayMinutes))
      return null;
    const since = isNew ? 0 : at - Math.floor(before / step);
    if (since === 0 && !isNew) continue;
    const steps = found.get(since) ?? { minutes: [], values: [] };
    found.set(since, steps);
    const last = steps.minutes.length - 1;
    if (steps.minutes[last] === at - first) steps.values[last] = pick(steps.values, last) + pick(users, row);
    else {
      steps.minutes.push(at - first);
      steps.values.push(pick(users, row));
    }
  }
  return found;
}

/**
 * Limits people to a third of the rest of the page, or 100 kB, small enough to send. Longer steps make them smaller;
 * whole steps remain exact.
 */
export function thin(returns: Returns, { start, packed }: { start: number; packed: string }): Returns {
  const room = Math.max(100_000, packed.length / 3);
  return widen(returns, start, (found) => sizeOf(found) <= room);
}

/** Returns the same in the shortest steps that suffice. */
export function widen(returns: Returns, start: number, isEnough: (found: Returns) => boolean): Returns {
  let found = returns;
  if (isEnough(found)) return found;
  for (const longer of eachLonger(returns, start)) if (isEnough((found = longer))) break;
  return found;
}

/** Yields the same in ever longer steps, up to a day. */
export function* eachLonger(returns: Returns, start: number): Generator<Returns> {
  let found = returns;
  for (const step of stepMinutes) if (step > found.step) yield (found = lengthen(found, step, start));
}

function sizeOf({ cells }: Returns): number {
  return (deflate(encodeCells(cells)).length * 4) / 3;
}

/** Converts people to longer steps. Returning within a step does not count as having been away. */
export function lengthen({ step: before, cells, ...rest }: Returns, step: number, start: number): Returns {
  const [firstBefore, first] = [before, step].map((minutes) => Math.floor(start / minuteMs / minutes)) as [
    number,
    number,
  ];
  const place = (at: number) => Math.floor(((firstBefore + at) * before) / step) - first;
  const found = new Map<string, Map<number, number>>();
  for (const { codes, minutes, values } of eachCell(cells)) {
    const since = pick(codes, 3);
    for (let row = 0; row < minutes.length; row++) {
      const at = place(pick(minutes, row));
      const gap = since === 0 ? 0 : at - place(pick(minutes, row) - since);
      if (since > 0 && gap === 0) continue;
      const key = [...codes.slice(0, 3), gap].join();
      const cell = found.get(key) ?? new Map<number, number>();
      found.set(key, cell.set(at, (cell.get(at) ?? 0) + pick(values, row)));
    }
  }
  const longest = Math.max(0, ...[...found.keys()].map((key) => Number(key.split(',')[3])));
  return {
    ...rest,
    step,
    cells: buildCells(
      [...cells.sizes.slice(0, 3), longest + 1],
      [...found].map(([key, rows]): Cell => {
        const sorted = [...rows].sort(([a], [b]) => a - b);
        return {
          codes: key.split(',').map(Number),
          minutes: sorted.map(([at]) => at),
          values: sorted.map(([, users]) => users),
        };
      }),
    ),
  };
}
