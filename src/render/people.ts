import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { buildCells, eachCell, encodeCells } from '../shared/cells.ts';
import type { Cell } from '../shared/cells.ts';
import type { Payload } from '../shared/payload.ts';
import { People } from '../shared/people.ts';
import type { Returns } from '../shared/returns.ts';
import { dayMs, minuteMs, nextMidnight } from '../time.ts';
import type { Window } from '../time.ts';
import { callName, Gatherer, readArray } from './gather.ts';
import type { Piece } from './gather.ts';
import { deflate, quick } from './pack.ts';

/** Minutes of a step, each a whole number of the one before; none goes over a midnight. */
const steps = [1, 5, 15, 60, 180, 360, 1440];

const everyOne = '*';

/** A row of `dash_users`: the day's midnight in minutes from 1970, and three arrays as text. */
interface Day {
  midnight: number;
  reach: number;
  minutes: string;
  previous: string;
  users: string;
  every_topic: boolean;
  item_topic: string;
  every_age: boolean;
  age_segment: string;
  event: string;
  or_event: string;
}

/** The days on which people were counted of other events than `dash_engagement` has now. */
export async function queryStale(session: Session, { start, end }: Window): Promise<number[]> {
  const rows = await session.query<{ day: number }>(sql('render/stale'), [start, end]);
  return rows.map(({ day }) => day);
}

/**
 * Reads how many people come back, in the coarsest step that tells apart what a period of that length shows: a minute up to six
 * hours, five up to a day and a half, else a quarter of an hour.
 *
 * @param least groups of fewer people that are known to be different, over the whole period, are left out
 */
export async function queryPeople(
  session: Session,
  { start, end, items, ages, events }: Payload,
  translate: (text: string) => string,
  least: number,
): Promise<Returns> {
  const step = end - start <= dayMs / 4 ? 1 : end - start <= 1.5 * dayMs ? 5 : 15;
  const gatherer = new Gatherer();
  const reaches: number[] = [];
  const notSet = translate('not set');
  const name = (every: boolean, text: string) => (every ? everyOne : `=${callName(text, notSet)}`);
  for (let from = start; from < end; from = nextMidnight(from)) {
    const till = Math.min(end, nextMidnight(from));
    // No further than the period: a day that nobody was seen on knows all of it.
    let reach = reaches.length;
    for (const day of await session.query<Day>(sql('render/users'), [from, till])) {
      const topic = name(day.every_topic, day.item_topic);
      const age = name(day.every_age, day.age_segment);
      const kind = day.or_event === '' ? name(false, day.event) : `${day.event}|${day.or_event}`;
      for (const [since, piece] of gatherSteps(day, { start: from, end: till }, start, step))
        gatherer.add({ names: [topic, age, kind, String(since)], ...piece });
      reach = Math.min(reach, day.reach);
    }
    reaches.push(reach);
  }
  const kinds = [...events.map(({ event }) => `=${event}`), 'show|click', 'show|view'];
  const most = Math.max(0, ...[...gatherer.totals(3).keys()].map(Number));
  const cells = gatherer.build([
    [everyOne, ...items.map((item) => `=${item}`)],
    [everyOne, ...ages.map((age) => `=${age}`)],
    kinds,
    Array.from({ length: most + 1 }, (_, since) => String(since)),
  ]);
  return withoutSmall({ step, least, reaches, hidden: 0, cells: { ...cells, counts: null } }, [start, end]);
}

/**
 * The users of a window within a day, by how many steps ago they were last seen: 0 when that was before the period's start, or
 * is not known. Who is seen twice in a step counts once. Steps count from the one that the period begins in.
 */
function gatherSteps(
  { midnight, reach, ...day }: Day,
  window: Window,
  start: number,
  step: number,
): Map<number, Omit<Piece, 'names'>> {
  const [minutes, previous, users] = [day.minutes, day.previous, day.users].map(readArray) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [from, till, begin] = [window.start, window.end, start].map(
    (ms) => Math.ceil(ms / minuteMs) - midnight,
  ) as [number, number, number];
  const base = Math.max(begin, (-reach * dayMs) / minuteMs);
  const first = Math.floor(start / minuteMs / step) - midnight / step;
  const found = new Map<number, { minutes: number[]; values: number[] }>();
  for (let row = 0; row < minutes.length; row++) {
    const [minute = 0, before = NaN] = [minutes[row], previous[row]];
    if (minute < from || minute >= till) continue;
    const at = Math.floor(minute / step);
    const isNew = !(before >= base);
    const since = isNew ? 0 : at - Math.floor(before / step);
    if (since === 0 && !isNew) continue;
    const steps = found.get(since) ?? { minutes: [], values: [] };
    found.set(since, steps);
    const last = steps.minutes.length - 1;
    if (steps.minutes[last] === at - first)
      steps.values[last] = (steps.values[last] ?? 0) + (users[row] ?? 0);
    else {
      steps.minutes.push(at - first);
      steps.values.push(users[row] ?? 0);
    }
  }
  return found;
}

/**
 * Leaves out the scopes in which fewer people than asked for are known to be different: those of the part of the period that has
 * the most of them, as who comes back in another part counts again there.
 */
function withoutSmall(returns: Returns, period: [number, number]): Returns {
  if (returns.least < 2) return returns;
  const counter = new People(returns, period);
  const people = new Map<string, number>();
  const all = [...eachCell(returns.cells)];
  for (const { codes } of all) {
    const scope = codes.slice(0, 3).join();
    if (people.has(scope)) continue;
    const [topics, ages] = codes.map((code) => (code === 0 ? null : [code - 1])) as [
      number[] | null,
      number[] | null,
    ];
    const parts = counter.count(codes[2] ?? 0, { topics, ages, period });
    people.set(scope, Math.max(...parts.map(({ low }) => low)));
  }
  const large = all.filter(({ codes }) => (people.get(codes.slice(0, 3).join()) ?? 0) >= returns.least);
  const hidden = [...people.values()].filter((count) => count < returns.least).length;
  return { ...returns, hidden, cells: buildCells(returns.cells.sizes, large) };
}

/**
 * People take so little of a page that it can be sent: a third of what else it holds, or 100 kB. Longer steps make them smaller;
 * a stretch of whole steps is still exact.
 */
export function thin(returns: Returns, { start, packed }: { start: number; packed: string }): Returns {
  const room = Math.max(100_000, packed.length / 3);
  let found = returns;
  for (const longer of eachLonger(returns, start)) {
    if (sizeOf(found) <= room) break;
    found = longer;
  }
  return found;
}

/** The same in ever longer steps, up to a day. */
export function* eachLonger(returns: Returns, start: number): Generator<Returns> {
  let found = returns;
  for (const step of steps) if (step > found.step) yield (found = lengthen(found, step, start));
}

function sizeOf({ cells }: Returns): number {
  return (deflate(encodeCells(cells), quick).length * 4) / 3;
}

/** The same in longer steps. Who comes back within a step has not been away. */
export function lengthen({ step: before, cells, ...rest }: Returns, step: number, start: number): Returns {
  const [firstBefore, first] = [before, step].map((minutes) => Math.floor(start / minuteMs / minutes)) as [
    number,
    number,
  ];
  const place = (at: number) => Math.floor(((firstBefore + at) * before) / step) - first;
  const found = new Map<string, Map<number, number>>();
  for (const { codes, minutes, values } of eachCell(cells)) {
    const [since = 0] = codes.slice(3);
    for (let row = 0; row < minutes.length; row++) {
      const at = place(minutes[row] ?? 0);
      const gap = since === 0 ? 0 : at - place((minutes[row] ?? 0) - since);
      if (since > 0 && gap === 0) continue;
      const key = [...codes.slice(0, 3), gap].join();
      const cell = found.get(key) ?? new Map<number, number>();
      found.set(key, cell.set(at, (cell.get(at) ?? 0) + (values[row] ?? 0)));
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
