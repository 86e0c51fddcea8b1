import type { Database } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import { buildCells, eachCell, encodeCells } from '../shared/cells.ts';
import type { Cell, Cells } from '../shared/cells.ts';
import type { Payload } from '../shared/payload.ts';
import type { Returns } from '../shared/returns.ts';
import { dayMs, minuteMs, nextMidnight } from '../time.ts';
import type { Window } from '../time.ts';
import { Gatherer, readArray } from './gather.ts';
import { deflate } from './pack.ts';

/** Minutes of a step, each a whole number of the one before; none goes over a midnight. */
const steps = [1, 5, 15, 60, 180, 360, 1440];

/** The days of a period on which people were not counted, though there were events; null where nobody may know. */
export async function queryUncounted(db: Database, { start, end }: Window): Promise<number[] | null> {
  if (!(await mayRead(db))) return null;
  const rows = await db.query<{ day: number }>(sql('render/uncounted'), [start, end]);
  return rows.map(({ day }) => day);
}

async function mayRead(db: Database): Promise<boolean> {
  if (!(await hasTable(db, 'dash_users'))) return false;
  const [row] = await db.query<{ may: boolean }>("select has_table_privilege('dash_users', 'select') as may");
  return row?.may === true;
}

const everyOne = '*';

interface Scope {
  every_topic: boolean;
  item_topic: string;
  every_age: boolean;
  age_segment: string;
  event: string;
  or_event: string;
}

/**
 * Reads how many people come back, in the coarsest step that tells apart what a period of that length shows: a minute up to six
 * hours, five up to a day and a half, else a quarter of an hour.
 *
 * @param least groups of fewer people, over the whole period, are left out
 */
export async function queryPeople(
  db: Database,
  { start, end, items, ages, events }: Payload,
  translate: (text: string) => string,
  least: number,
): Promise<Returns> {
  const step = end - start <= dayMs / 4 ? 1 : end - start <= 1.5 * dayMs ? 5 : 15;
  const base = Math.floor(start / minuteMs) * minuteMs;
  const gatherer = new Gatherer();
  const name = (every: boolean, text: string) => (every ? everyOne : `=${text || translate('not set')}`);
  for (let from = start; from < end; from = nextMidnight(from)) {
    const rows = await db.query<Scope & { since: number; steps: string; values: string }>(
      sql('render/users'),
      [from, Math.min(end, nextMidnight(from)), base, step],
    );
    for (const row of rows) {
      const topic = name(row.every_topic, row.item_topic);
      const age = name(row.every_age, row.age_segment);
      const kind =
        row.or_event === '' ? `=${row.event || translate('not set')}` : `${row.event}|${row.or_event}`;
      gatherer.add({
        names: [topic, age, kind, String(row.since)],
        minutes: readArray(row.steps),
        values: readArray(row.values),
      });
    }
  }
  const kinds = [...events.map(({ event }) => `=${event}`), 'show|click', 'show|view'];
  const most = Math.max(0, ...[...gatherer.totals(3).keys()].map(Number));
  const cells = gatherer.build([
    [everyOne, ...items.map((item) => `=${item}`)],
    [everyOne, ...ages.map((age) => `=${age}`)],
    kinds,
    Array.from({ length: most + 1 }, (_, since) => String(since)),
  ]);
  return { step, least, cells: withoutSmall({ ...cells, counts: null }, least) };
}

/** Leaves out the scopes that fewer people are in than asked for: those with no earlier step, or in an earlier day. */
function withoutSmall(cells: Cells, least: number): Cells {
  if (least < 2) return cells;
  const all = [...eachCell(cells)];
  const people = new Map<string, number>();
  for (const { codes, values } of all) {
    const scope = codes.slice(0, 3).join();
    if (codes[3] === 0) people.set(scope, (people.get(scope) ?? 0) + sum(values));
  }
  return buildCells(
    cells.sizes,
    all.filter(({ codes }) => (people.get(codes.slice(0, 3).join()) ?? 0) >= least),
  );
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
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
  return (deflate(encodeCells(cells)).length * 4) / 3;
}

/** The same in longer steps. Who comes back within a step has not been away. */
export function lengthen({ step: before, least, cells }: Returns, step: number, start: number): Returns {
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
    step,
    least,
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
