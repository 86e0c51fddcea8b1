import { beforeAll, describe, expect, test } from '@jest/globals';
import { between, mulberry32 } from '../fixtures/random.ts';
import { coarsen, fit } from '../src/render/fit-size.ts';
import { readLocale } from '../src/render/locale.ts';
import { readChart } from '../src/render/charts.ts';
import { readPanel } from '../src/render/panels.ts';
import { pack } from '../src/render/pack.ts';
import { eachCell } from '../src/shared/data/cells.ts';
import type { Cells } from '../src/shared/data/cells.ts';
import { listMinutes } from '../src/shared/minutes.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import { tabulate } from '../src/shared/text/data-table.ts';
import { everything } from '../src/shared/selection.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { writer } from '../src/shared/text/format.ts';
import { parseTime } from '../src/time.ts';
import { cellsOf, makePayload, toCells } from './support/payload.ts';

const minute = 60_000;
const start = parseTime('2026-11-22 22:30');
const names = [['a', 'b'], ['young'], ['x', 'y']];

/** Two days of minutes from half past ten in the evening, some of them empty. */
function invent(minutes: number): Payload {
  const random = mulberry32(6);
  const table = () =>
    toCells(
      names,
      names[0]?.flatMap((one) =>
        (names[2] ?? []).flatMap((three) =>
          Array.from({ length: minutes }, (_, at) => at)
            .filter(() => random() < 0.7)
            .map((at): [string, string, string, number, number] => [
              one,
              'young',
              three,
              at,
              between(random, 1, 999),
            ]),
        ),
      ) ?? [],
    );
  return makePayload({
    start,
    end: start + minutes * minute,
    ladder: [],
    items: ['a', 'b'],
    ages: ['young'],
    sources: ['x', 'y'],
    events: ['x', 'y'].map((event, rank) => ({ event, name: event, rank, step: true })),
    topics: ['a', 'b', 'x', 'y'].map((name, rank) => ({ name, color: '#123456', rank })),
    gaps: [],
    merged: null,
    visits: table(),
    engagement: table(),
    people: null,
  });
}

const list = (cells: Cells) =>
  [...eachCell(cells)].flatMap(({ codes, minutes, values, counts }) =>
    Array.from(minutes, (at, row) => ({ codes, at, value: values[row] ?? 0, count: counts?.[row] ?? 1 })),
  );
const sum = (rows: { value: number }[]) => rows.reduce((all, { value }) => all + value, 0);
const count = (rows: { count: number }[]) => rows.reduce((all, row) => all + row.count, 0);

describe('a page that is too large', () => {
  const payload = invent(2880);
  let packed: string;
  beforeAll(async () => {
    packed = await pack(payload);
  });

  test('has hours before a time, minutes after it, and loses nothing', () => {
    const until = parseTime('2026-11-23 12:00');
    const coarse = coarsen(payload, [{ until, minutes: 60 }]);
    expect(coarse.ladder).toEqual([{ until, minutes: 60 }]);
    const [before, after] = [list(cellsOf(payload, 'visits')), list(cellsOf(coarse, 'visits'))];
    expect([sum(after), count(after)]).toEqual([sum(before), before.length]);
    const limit = (until - start) / minute;
    expect(after.filter(({ at }) => at >= limit)).toEqual(before.filter(({ at }) => at >= limit));
    const hours = [0, ...Array.from({ length: 13 }, (_, hour) => 30 + 60 * hour)];
    expect([...new Set(after.map(({ at }) => at).filter((at) => at < limit))]).toEqual(hours);
    const second = (rows: typeof after) =>
      rows.filter(({ codes, at }) => codes.join() === '0,0,0' && at >= 30 && at < 90);
    expect(second(after)).toEqual([
      { codes: [0, 0, 0], at: 30, value: sum(second(before)), count: second(before).length },
    ]);
  });

  test('tells in its tables how many minutes a row holds, which one of minutes need not', () => {
    const write = writer(readLocale('en'));
    const list = (of: Payload) => {
      const panel = readPanel(
        'history',
        readChart('history', { period: of, ladder: [] }, write.t),
        of.tables,
      );
      const rows = listMinutes(panel, tabulatePayload(of), everything, [of.start, of.end]);
      return tabulate(panel, rows, write);
    };
    const [fine, coarse] = [
      list(payload),
      list(coarsen(payload, [{ until: parseTime('2026-11-23 01:00'), minutes: 60 }])),
    ];
    expect(fine.columns.map(({ title }) => title)).toEqual(['Minute, UTC', 'Card topic', 'Events']);
    expect(coarse.columns.map(({ title }) => title)).toEqual([
      ...['Minute, UTC', 'Minutes', 'Card topic', 'Events'],
    ]);
    const rows = coarse.body.filter(([, , topic]) => topic === 'a');
    expect(rows.slice(0, 4).map(([time, held]) => [time, held])).toEqual([
      [parseTime('2026-11-22T22:30Z'), 30],
      [parseTime('2026-11-22T23:00Z'), 60],
      [parseTime('2026-11-23T00:00Z'), 60],
      [parseTime('2026-11-23T01:00Z'), 1],
    ]);
    const before = (time: string) => (row: unknown[]) =>
      row.includes('a') && Number(row[0]) < parseTime(time);
    const events = (body: unknown[][]) => body.reduce((all, row) => all + Number(row.at(-1)), 0);
    expect(rows[0]?.[3]).toBe(events(fine.body.filter(before('2026-11-22T23:00Z'))));
    expect(events(coarse.body)).toBe(events(fine.body));
    const whole = list(coarsen(payload, [{ until: payload.end, minutes: 60 }])).body;
    expect([whole[0]?.[1], whole.at(-1)?.[1]]).toEqual([30, 30]);
  });

  test.each([0.9, 0.5, 0.2])('keeps as many minutes as fit into %p of it', async (share) => {
    const room = packed.length * share;
    const fitted = await fit({ payload, packed }, room, 0);
    expect(fitted.packed.length).toBeLessThanOrEqual(room);
    expect(fitted.packed.length).toBeGreaterThan(room * 0.85);
    expect(sum(list(cellsOf(fitted.payload, 'visits')))).toBe(sum(list(cellsOf(payload, 'visits'))));
  });

  test('stays as it is when it fits', async () => {
    expect(await fit({ payload, packed }, packed.length, 0)).toEqual({ payload, packed });
  });

  test('that days do not make small enough is refused, with the figures', async () => {
    await expect(fit({ payload, packed }, 50, 700_000)).rejects.toThrow(
      /^The page takes 0\.70 MB even in steps of a day, more than the 0\.70 MB allowed\. /,
    );
  });
});
