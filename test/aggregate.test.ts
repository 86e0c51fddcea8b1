import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generate } from '../fixtures/generate.ts';
import type { Event } from '../fixtures/generate.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { AggregateOptions } from '../src/aggregate/aggregate.ts';
import type { Aggregated } from '../src/ledger/ledger.ts';
import type { Minute } from '../src/log/log.ts';
import { plan } from '../src/aggregate/plan.ts';
import type { Database } from '../src/db/database.ts';
import { openServer } from '../src/db/server.ts';
import { deflate } from '../src/render/pack.ts';
import { queryPeople } from '../src/render/people.ts';
import { queryPayload } from '../src/render/tables.ts';
import { encodeCells } from '../src/shared/data/cells.ts';
import { known } from '../src/shared/known.ts';
import { parseTime } from '../src/time.ts';
import type { Window } from '../src/time.ts';
import { kinds, newDatabase, newUrl } from './support/databases.ts';
import { insertEvents, restoreFixture, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';

const rules: Minute[] = ['floor', 'nearest'];
const floor: AggregateOptions = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 };

function at(time: string, values: Partial<Sample> = {}): Sample {
  const ts = Date.parse(`2019-09-24T${time}Z`);
  return {
    ts,
    user_id: 1,
    item_topic: 'Наука',
    source_topic: 'Кино',
    age_segment: '18-25',
    event: 'show',
    ...values,
  };
}

function between(start: string, end: string): Window {
  return { start: parseTime(start), end: parseTime(end) };
}

const evening = between('2019-09-24 18:00', '2019-09-24 19:00');

/** Counted by hand below. */
const small: Sample[] = [
  at('17:59:59.999'),
  at('18:00:00.000'),
  at('18:00:29.999'),
  at('18:00:30.000', { user_id: 2 }),
  at('18:00:30.999', { event: 'click' }),
  at('18:00:59.999', { source_topic: 'Дети' }),
  at('18:01:30.500', { item_topic: null, age_segment: null }),
  at('18:59:59.999', { user_id: null }),
  at('19:00:00.000'),
];

describe.each(kinds)('on the %s database', (kind) => {
  async function withLog(events: readonly Sample[]): Promise<Database> {
    const db = await newDatabase(kind);
    await insertEvents(db, events);
    return db;
  }

  test('a small log gives the rows that were counted by hand, the minute being the one it happened in', async () => {
    const db = await withLog(small);
    expect(await aggregate(db, [evening], floor)).toEqual({
      events: 7,
      rows: { visits: 4, engagement: 4 },
      kept: [],
      madeUp: [],
    });
    const [first, second, last] = ['18:00', '18:01', '18:59'].map((time) => parseTime(`2019-09-24 ${time}`));
    expect(await readVisits(db)).toEqual(
      [
        `[${first},"Наука","Кино","18-25"] 4`,
        `[${first},"Наука","Дети","18-25"] 1`,
        `[${second},null,"Кино",null] 1`,
        `[${last},"Наука","Кино","18-25"] 1`,
      ].sort(),
    );
    expect(await readEngagement(db)).toEqual(
      [
        `[${first},"Наука","show","18-25"] 2`,
        `[${first},"Наука","click","18-25"] 1`,
        `[${second},null,"show",null] 1`,
        `[${last},"Наука","show","18-25"] 0`,
      ].sort(),
    );
    await db.close();
  });

  test('with the nearest minute, an exact half goes to the even one, and the window is on that minute', async () => {
    const db = await withLog(small);
    // 17:59:59.999 rounds to 18:00 and is in; 18:59:59.999 rounds to 19:00 and is not. 18:00:30 is a half: to 18:00,
    // even; 18:01:30 is one too: to 18:02.
    expect(await aggregate(db, [evening], { ...floor, minute: 'nearest' })).toMatchObject({ events: 7 });
    const [first, second, third] = ['18:00', '18:01', '18:02'].map((time) => parseTime(`2019-09-24 ${time}`));
    expect(await readVisits(db)).toEqual(
      [
        `[${first},"Наука","Кино","18-25"] 5`,
        `[${second},"Наука","Дети","18-25"] 1`,
        `[${third},null,"Кино",null] 1`,
      ].sort(),
    );
    await db.close();
  });

  test('a second run changes nothing, nor do other windows in between', async () => {
    const db = await withLog(small);
    await aggregate(db, [evening], floor);
    const [visits, engagement] = [await readVisits(db), await readEngagement(db)];
    await aggregate(db, [between('2019-09-24 18:01', '2019-09-24 18:30')], floor);
    await aggregate(db, [evening], floor);
    expect([await readVisits(db), await readEngagement(db)]).toEqual([visits, engagement]);
    await db.close();
  });

  test('windows that meet count every event once', async () => {
    const db = await withLog(small);
    await aggregate(db, [between('2019-09-24', '2019-09-24 18:01')], floor);
    await aggregate(db, [between('2019-09-24 18:01', '2019-09-24 19:00')], floor);
    await aggregate(db, [between('2019-09-24 19:00', '2019-09-25')], floor);
    expect(await readVisits(db)).toEqual(countVisits(small, 'floor'));
    await db.close();
  });

  test('a window begins and ends with the first millisecond of a minute, be that odd, even, before 1970 or cut', async () => {
    const edges = [0, 1, 2, -1, -2].flatMap((minute) =>
      [0, 29_000, 30_000, 31_000].map((ms) => minute * 60_000 + ms),
    );
    const events = edges.flatMap((ts) => [ts - 1, ts]).map((ts) => ({ ...at('18:00:00'), ts }));
    const db = await withLog(events);
    for (const minute of rules) {
      for (const [start, end] of [
        [-60_000, 60_000],
        [-120_000, 0],
        [60_000, 120_000],
        [-59_999, 60_001],
      ] as const) {
        await db.run('drop table if exists dash_visits, dash_engagement');
        await aggregate(db, [{ start, end }], { ...floor, minute });
        expect(await readVisits(db)).toEqual(countVisits(events, minute, start, end));
        expect(await readEngagement(db)).toEqual(countEngagement(events, minute, start, end));
      }
    }
    await db.close();
  });

  test('a dry run tells the figures and leaves everything as it was', async () => {
    const db = await withLog(small);
    expect(await aggregate(db, [evening], { ...floor, dryRun: true })).toMatchObject({
      events: 7,
      rows: { visits: 4 },
    });
    expect(await db.query('select 1 from pg_tables where tablename = $1', ['dash_visits'])).toEqual([]);
    await db.close();
  });

  test('events of negative times, of 1970 and of the far future find their minute', async () => {
    const times = [-1, -60_000, -60_001, 0, 1, 59_999, 30_000, 90_000, 1_569_349_657, 32_503_680_000_000];
    const odd = times.map((ts) => ({ ...at('18:00:00'), ts }));
    const db = await withLog([...odd, { ...at('18:00:00'), ts: null }]);
    for (const minute of rules) {
      await aggregate(db, [between('1900-01-01', '3500-01-01')], { ...floor, minute });
      expect(await readVisits(db)).toEqual(countVisits(odd, minute));
    }
    await db.close();
  });

  test('an empty log leaves nothing to do, and a missing one is named', async () => {
    const empty = await withLog([]);
    expect(await plan(empty, floor, Date.now())).toEqual([]);
    await empty.run('drop table log_raw');
    await expect(plan(empty, floor, Date.now())).rejects.toThrow('There is no table log_raw');
    await empty.close();
  });

  describe('the log of the fixture', () => {
    let db: Database;
    let events: Event[];

    beforeAll(async () => {
      db = await newDatabase(kind);
      await restoreFixture(db);
      events = generate();
    });

    afterAll(() => db.close());

    test.each(rules)('gives both tables as the oracle counts them, with --minute %s', async (minute) => {
      const whole = between('2019-09-24', '2019-09-25');
      const told: Aggregated = await aggregate(db, [whole], { ...floor, minute });
      const [visits, engagement] = [countVisits(events, minute), countEngagement(events, minute)];
      expect(told).toEqual({
        events: 322_391,
        rows: { visits: visits.length, engagement: engagement.length },
        kept: [],
        madeUp: [],
      });
      expect(await readVisits(db)).toEqual(visits);
      expect(await readEngagement(db)).toEqual(engagement);
    });

    // The whole of it is aggregated, by either rule.
    test('has people that take no more of a page without groups than they did in 0.1: 23,089 bytes and a twentieth', async () => {
      const payload = await queryPayload(db, evening, [], { translate: (text) => text });
      const { people } = await queryPeople(db, payload, (text) => text);
      const bytes = deflate(encodeCells(known(people).cells)).length;
      expect([bytes, bytes > 15_000 && bytes < 23_089 * 1.05]).toEqual([bytes, true]);
    });

    test.each(rules)('gives one hour of it, with --minute %s', async (minute) => {
      await db.run('truncate dash_visits, dash_engagement');
      await aggregate(db, [evening], { ...floor, minute });
      expect(await readVisits(db)).toEqual(countVisits(events, minute, evening.start, evening.end));
      expect(await readEngagement(db)).toEqual(countEngagement(events, minute, evening.start, evening.end));
    });
  });
});

test('runs at once, also the first ones, give what one run gives', async () => {
  const url = newUrl();
  const first = await openServer(url, { create: true });
  await insertEvents(first, small);
  const dbs = [first, ...(await Promise.all(Array.from({ length: 5 }, () => openServer(url))))];
  const windows = [
    evening,
    between('2019-09-24 17:00', '2019-09-24 18:01'),
    between('2019-09-24 18:01', '2019-09-24 20:00'),
  ];
  await Promise.all(
    dbs.map((db, index) =>
      aggregate(db, [windows[index % windows.length] ?? evening], { ...floor, wait: 60_000 }),
    ),
  );
  expect(await readVisits(first)).toEqual(countVisits(small, 'floor'));
  expect(await readEngagement(first)).toEqual(countEngagement(small, 'floor'));
  for (const db of dbs) await db.close();
});

test('a window that ends before it starts is refused, with both ends', async () => {
  const db = await newDatabase('server');
  await insertEvents(db, []);
  const options = { ...floor, start: parseTime('2019-09-24 19:00'), end: parseTime('2019-09-24 18:00') };
  await expect(plan(db, options, Date.now())).rejects.toThrow(
    'The window is empty: its start, 2019-09-24T19:00:00Z, is not before its end, 2019-09-24T18:00:00Z.',
  );
  await db.close();
});
