import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { findBaseline } from '../src/shared/baseline.ts';
import type { Tables } from '../src/shared/data/table.ts';
import { everything } from '../src/shared/selection.ts';
import type { Selection } from '../src/shared/selection.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { readMoment, traceBaseline } from '../src/shared/moment.ts';
import { traceRates } from '../src/shared/text/topic-text.ts';
import { listTopics, rest, tintTopics, traceEvents } from '../src/shared/topics.ts';
import { dayMs, hourMs, minuteMs, parseTime } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { readPayload } from './support/payload.ts';
import { render } from './support/page.ts';

const start = parseTime('2026-11-01');
const span: [number, number] = [start, start + 3 * dayMs];
const at = (time: string) => parseTime(`2026-11-0${time}`);

/** As much of the page's tables as a comparison asks for. */
function lacking(
  gaps: [string, string][] = [],
  ladder: Tables['ladder'] = [],
): Pick<Tables, 'lookUps' | 'ladder'> {
  const stretches = gaps.map(([from, to]) => ({ start: at(from), end: at(to) }));
  return {
    ladder,
    lookUps: {
      topics: [],
      events: [],
      labels: [],
      baseline: [],
      baselines: [],
      changes: [],
      ages_before: [],
      topics_before: [],
      compared: [],
      spikes: [],
      gaps: stretches,
      silences: [],
    },
  };
}

describe('a comparison', () => {
  test('of the whole page is that of its last whole day with the one before', () => {
    expect(findBaseline(lacking(), everything, span, 'before')).toEqual({
      window: { start: at('3'), end: at('4') },
      shift: dayMs,
      names: {},
      both: [{ start: at('3'), end: at('4') }],
      left: [],
    });
  });

  test('is of the minutes that both stretches have', () => {
    const found = findBaseline(
      lacking([
        ['2 10:00', '2 11:00'],
        ['3 20:00', '3 20:30'],
      ]),
      everything,
      span,
      'before',
    );
    expect(found?.both).toEqual([
      { start: at('3'), end: at('3 10:00') },
      { start: at('3 11:00'), end: at('3 20:00') },
      { start: at('3 20:30'), end: at('4') },
    ]);
    expect(found?.left).toEqual([
      { start: at('3 10:00'), end: at('3 11:00') },
      { start: at('3 20:00'), end: at('3 20:30') },
    ]);
  });

  test.each([
    ['the hour before', 'before', hourMs],
    ['the same hour of the day before', 'day', dayMs],
  ])('of an hour is with %s', (_, comparison, shift) => {
    const period: [number, number] = [at('3 10:00'), at('3 11:00')];
    expect(findBaseline(lacking(), { period, names: {} }, span, comparison)?.shift).toBe(shift);
  });

  test.each<[string, Selection['period'], string, Pick<Tables, 'ladder' | 'lookUps'>]>([
    ['a page that lacks the week before', null, 'week', lacking()],
    ['a stretch of which the page lacks more than half', [at('1 10:00'), at('3')], 'before', lacking()],
    ['the first day', [at('1'), at('2')], 'day', lacking()],
    ['nothing', null, 'none', lacking()],
  ])('with %s is none', (_, period, comparison, tables) => {
    expect(findBaseline(tables, { period, names: {} }, span, comparison)).toBeNull();
  });

  test('is of whole hours where the page has no minutes', () => {
    const hours = [{ until: at('2 12:00'), minutes: 60 }];
    const found = findBaseline(
      lacking([], hours),
      { period: [at('3 08:20'), at('3 14:40')], names: {} },
      span,
      'day',
    );
    expect(found?.both).toEqual([{ start: at('3 09:00'), end: at('3 14:40') }]);
  });
});

describe('the rows of the table of topics', () => {
  let db: Database;
  let tables: Tables;
  const random = mulberry32(11);
  const among = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T;
  const topics = Array.from({ length: 12 }, (_, place) => `тема ${place}`);
  const ages = ['18-25', '26-30', '45+'];

  beforeAll(async () => {
    db = await newDatabase('server');
    const rows = Array.from({ length: 9000 }, (): Sample => ({
      ts: start + Math.floor(random() * 3 * 24 * 60) * minuteMs,
      user_id: Math.floor(random() * 400),
      event: among(['show', 'show', 'show', 'click', 'view']),
      item_topic: among(topics.slice(0, 1 + Math.floor(random() * 12))),
      source_topic: among(['s', 't']),
      age_segment: among(ages),
    }));
    await insertEvents(db, rows);
    const days = [0, 1, 2].map((day) => ({ start: start + day * dayMs, end: start + (day + 1) * dayMs }));
    await aggregate(db, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
    const { html } = await render(db, { locale: 'en', minCell: 0, start, end: span[1] });
    tables = tabulatePayload(readPayload(html));
  }, 120_000);

  afterAll(async () => {
    await db.close();
  });

  const iso = (ms: number) => new Date(ms).toISOString();
  const inAges = (chosen: string[] | null) =>
    chosen ? `and age_segment in (${chosen.map((age) => `'${age}'`).join()})` : '';

  async function countEvents(
    from: number,
    to: number,
    chosen: string[] | null,
  ): Promise<Map<string, number>> {
    const rows = await db.query<{ item_topic: string; sum: number }>(
      `select item_topic, sum(visits)::int as sum from dash_visits
       where dt >= timestamp '${iso(from)}' and dt < timestamp '${iso(to)}' ${inAges(chosen)} group by 1`,
    );
    return new Map(rows.map(({ item_topic, sum }) => [item_topic, sum]));
  }

  test('the strip cuts a spike off at four times the usual, and has minutes as its width', () => {
    const course = [
      [60, 1],
      [60, 2],
      [60, 1],
      [30, 100],
      [60, 0],
    ] as const;
    expect(traceRates(course)).toBe('M0 1V0.875h60V0.750h60V0.875h60V0.000h30V1.000h60V1Z'); // the usual rate is 2, and 8 the height
    expect(traceRates([[60, 0]])).toBe('');
  });

  test(`equal SQL in ${cases(200)} random selections, and so does a moment`, async () => {
    for (let turn = 0; turn < cases(200); turn++) {
      const [a, b] = [Math.floor(random() * 71), Math.floor(random() * 71)].sort((x, y) => x - y) as [
        number,
        number,
      ];
      const period =
        random() < 0.2 ? null : ([start + a * hourMs, start + (b + 1) * hourMs] as [number, number]);
      const chosen = random() < 0.5 ? null : [among(ages)];
      const other = among([null, { period: null, names: { age_segment: [among(ages)] } }]);
      const comparison = other ?? among(['before', 'day', 'week', 'none']);
      const baseline = findBaseline(tables, { period, names: { age_segment: chosen } }, span, comparison);
      const rows = listTopics(
        tables,
        { period, names: { item_topic: [topics[0] ?? ''], age_segment: chosen } },
        span,
        baseline,
      );
      const [from, to] = period ?? span;
      const events = await countEvents(from, to, chosen);
      const rates = await db.query<{ item_topic: string; clicks: number | null; views: number | null }>(
        `select item_topic, sum(unique_users) filter (where event = 'click')::float8 / sum(unique_users) filter (where event = 'show') as clicks,
          sum(unique_users) filter (where event = 'view')::float8 / sum(unique_users) filter (where event = 'show') as views
         from dash_engagement where dt >= timestamp '${iso(from)}' and dt < timestamp '${iso(to)}' ${inAges(chosen)} group by 1`,
      );
      const rateOf = new Map(rates.map((row) => [row.item_topic, row]));
      const hasShows = (name: string) => rows.find((row) => row.name === name)?.clicks !== null;
      for (const row of rows) {
        expect(row.events).toBe(events.get(row.name) ?? 0);
        expect(row.course.reduce((sum, value) => sum + value, 0)).toBe(row.events);
        const wanted = rateOf.get(row.name);
        if (hasShows(row.name)) {
          expect(row.clicks).toBeCloseTo(wanted?.clicks ?? 0, 12);
          expect(row.views).toBeCloseTo(wanted?.views ?? 0, 12);
        }
      }
      const strip = traceEvents(tables, { names: { age_segment: chosen } }, span);
      const all = [...(await countEvents(...span, chosen)).values()].reduce((sum, value) => sum + value, 0);
      expect(strip.reduce((sum, [minutes, rate]) => sum + minutes * rate, 0)).toBeCloseTo(all, 6);
      if (!baseline) {
        expect(rows.every(({ now, before }) => now === null && before === null)).toBe(true);
        continue;
      }
      const { window, shift } = baseline;
      const [now, before] = [
        await countEvents(window.start, window.end, chosen),
        await countEvents(window.start - shift, window.end - shift, other?.names.age_segment ?? chosen),
      ];
      if (baseline.left.length > 0) continue; // a stretch that is cut is held to SQL by hand, above
      for (const row of rows) {
        expect(row.now).toBe(now.get(row.name) ?? 0);
        expect(row.before).toBe(before.get(row.name) ?? 0);
      }
      const moment = readMoment(
        tables,
        { period, names: { age_segment: chosen } },
        [window.start, window.end],
        baseline,
      );
      const total = (sums: Map<string, number>) => [...sums.values()].reduce((sum, value) => sum + value, 0);
      expect([moment.events, moment.before]).toEqual([total(now), total(before)]);
      const contributions = moment.topics.reduce(
        (sum, topic) => sum + topic.events - (topic.before ?? NaN),
        0,
      );
      expect(contributions).toBe(total(now) - total(before));
      const ghost = traceBaseline(tables, { period, names: { age_segment: chosen } }, baseline, hourMs);
      const drawn = ghost.slice(0, -1).reduce((sum, { rate }) => sum + (rate ?? NaN) * 60, 0);
      if (window.start % hourMs === 0 && shift % hourMs === 0) expect(drawn).toBeCloseTo(total(before), 6);
    }
  });

  test('give the largest seven topics and the one that moved most a colour of their own', () => {
    const baseline = findBaseline(tables, everything, span, 'before');
    const rows = listTopics(tables, everything, span, baseline);
    tintTopics(tables, rows, null);
    const coloured = tables.lookUps.topics.filter(({ tint }) => tint !== rest).map(({ name }) => name);
    const sorted = [...rows].sort((a, b) => b.events - a.events);
    const move = ({ now, before }: (typeof rows)[number]) => Math.abs((now ?? 0) - (before ?? 0));
    const most = Math.max(...sorted.slice(7).map(move));
    expect(coloured).toEqual(expect.arrayContaining(sorted.slice(0, 7).map(({ name }) => name)));
    const mover = rows.find(
      ({ name }) => coloured.includes(name) && !sorted.slice(0, 7).some((one) => one.name === name),
    );
    expect(mover && move(mover)).toBe(most);
    const layers = tables.lookUps.topics.toSorted((a, b) => Number(a.layer) - Number(b.layer));
    expect(layers.map(({ tint }) => tint !== rest)).toEqual(layers.map((_, place) => place < 8)); // grey is one band, on top
    tintTopics(tables, rows, ['тема 11', 'тема 3']);
    const chosen = tables.lookUps.topics.filter(({ tint }) => tint !== rest).map(({ name }) => name);
    expect([...chosen].sort()).toEqual(['тема 11', 'тема 3']);
  });
});
