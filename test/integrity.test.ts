import { namesOf } from '../src/shared/data/payload.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import type { Database } from '../src/db/database.ts';
import type { Minute } from '../src/log/log.ts';
import { Gatherer, readArray } from '../src/render/columns.ts';
import { readContent } from '../src/render/render.ts';
import type { Content } from '../src/render/render.ts';
import { VarintWriter } from '../src/shared/data/varint.ts';
import { buildCells, encodeCells, pick } from '../src/shared/data/cells.ts';
import type { Cells } from '../src/shared/data/cells.ts';
import { listPeople } from '../src/shared/people/funnel.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import type { Rung } from '../src/shared/ladder.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { everything } from '../src/shared/selection.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { render, verify } from './support/page.ts';

const midnight = parseTime('2026-11-22');
const day = { start: midnight, end: midnight + dayMs };
const morning = { start: midnight, end: midnight + dayMs / 2 };

/** A show of a user in a minute of the day. */
const seen = (minute: number, user_id: number | null, names: Partial<Sample> = {}): Sample => ({
  ts: midnight + minute * minuteMs,
  user_id,
  item_topic: 'a',
  source_topic: 's',
  age_segment: 'young',
  event: 'show',
  ...names,
});

describe('a table of a page', () => {
  const cell = { codes: [0], minutes: [1, 2], values: [1, 1] };
  test.each([
    ['a name that is not in its lists', { ...cell, codes: [1] }, 'has a name that is not among 1 names'],
    ['no name', { ...cell, codes: [] }, 'has a name that is not among 1 names'],
    ['a code that is no whole number', { ...cell, codes: [NaN] }, 'has a name that is not among'],
    ['a minute twice', { ...cell, minutes: [1, 1] }, 'has minute 1 after 1'],
    ['minutes out of order', { ...cell, minutes: [2, 1] }, 'has minute 1 after 2'],
    ['a minute before the period', { ...cell, minutes: [-1, 2] }, 'has minute -1 after -1'],
    ['no value', { ...cell, values: [1] }, 'has 1 values of 2 minutes'],
    ['a value that is no number', { ...cell, values: [1, NaN] }, 'has NaN in 1 rows of minute 2'],
    ['part of an event', { ...cell, values: [1, 0.5] }, 'has 0.5 in 1 rows of minute 2'],
    ['a negative value', { ...cell, values: [-1, 1] }, 'has -1 in 1 rows of minute 1'],
    ['a value that is not exact', { ...cell, values: [2 ** 53, 1] }, 'in 1 rows of minute 1'],
    ['rows that hold none', { ...cell, counts: [1, 0] }, 'has 1 in 0 rows of minute 2'],
  ])('never holds %s', (_, wrong, told) => {
    expect(() => buildCells([1], [wrong])).toThrow(told);
  });

  test('never holds a cell twice, or a sum that is not exact', () => {
    expect(() => buildCells([1], [cell, cell])).toThrow('The cell of codes 0 is there twice.');
    const large = { ...cell, values: [2 ** 52, 2 ** 52] };
    expect(() => buildCells([1], [large])).toThrow('larger than what can be counted exactly');
  });

  test('is written of whole numbers alone', () => {
    for (const number of [-1, NaN, 0.5, Infinity, 2 ** 53])
      expect(() => {
        new VarintWriter().write(number);
      }).toThrow(`not ${number}`);
    const cells = buildCells([1], [cell]);
    cells.minutes.set([2, 2]);
    expect(() => encodeCells(cells)).toThrow('not -1');
  });

  test('is gathered from rows of the names that the page has', () => {
    const gatherer = new Gatherer('dash_users', (minute) => midnight + minute * minuteMs);
    gatherer.add({ names: ['a'], minutes: [1], values: [1] });
    expect(() => gatherer.build([['b']])).toThrow('dash_users has “a”, which is no name of this page.');
    expect(() => readArray('{9007199254740993}')).toThrow('too large to be exact');
  });
});

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  beforeEach(async () => {
    await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
  });

  afterAll(() => db.close());

  const run = (window: { start: number; end: number }, minute: Minute = 'floor') =>
    aggregate(db, [window], { minute, dryRun: false, jobs: 1, wait: 0, users: true });

  /** The figures that a page of a period shows: its events, its people of shows (null where it counts none), and the days that are told. */
  const shown = async (period: { start?: number; end?: number }) => {
    const { html, uncounted } = await render(db, { locale: 'en', ...period });
    return describePayload(readPayload(html), uncounted);
  };

  /** The same of what is read for a page. */
  const gathered = async (period: { start?: number; end?: number }) => {
    const { payload, people, uncounted } = await readContent(db, { locale: 'en', ...period }, midnight);
    return describePayload({ ...payload, people }, uncounted);
  };

  test.each([
    ['topic', { item_topic: 'b' }],
    ['age', { age_segment: 'old' }],
    ['kind of event', { event: 'like' }],
    ['topic that is called every one', { item_topic: '*' }],
  ])(
    'a page of a day of which half is aggregated can be read, whose afternoon has another %s',
    async (_, other) => {
      await insertEvents(db, [seen(5, 1), seen(800, 2, other), seen(801, 3)]);
      await run(morning);
      expect(await shown(day)).toEqual({ events: 1, people: null, uncounted: [midnight] });
      expect(await shown(morning)).toEqual({ events: 1, people: [1, 1], uncounted: [] });
      await run(day);
      const shows = 'event' in other ? 2 : 3;
      expect(await shown(day)).toEqual({ events: 3, people: [shows, shows], uncounted: [] });
    },
  );

  describe('people stand beside the very events that are shown', () => {
    /** Each changes one table of two days of 2 users each, as a role without rights on the other would. */
    test.each([
      [
        'a minute that only people have',
        "delete from dash_engagement where dt = timestamp '2026-11-22 00:05'",
      ],
      [
        'a minute that only events have',
        "update dash_engagement set dt = dt + interval '1 minute' where dt = timestamp '2026-11-22 00:05'",
      ],
      [
        'a cell that only people have',
        "delete from dash_engagement where dt = timestamp '2026-11-22 00:05' and item_topic = 'a'",
      ],
      [
        'two cells that were swapped',
        "update dash_engagement set item_topic = case item_topic when 'a' then 'b' else 'a' end where dt = timestamp '2026-11-22 00:05'",
      ],
      [
        'two ages that were swapped',
        "update dash_engagement set age_segment = case item_topic when 'a' then 'old' else 'young' end where dt = timestamp '2026-11-22 00:05'",
      ],
      [
        'another user without a topic',
        "update dash_engagement set unique_users = 2 where dt = timestamp '2026-11-22 00:05' and item_topic is null",
      ],
      [
        'another user of an empty topic',
        "update dash_engagement set unique_users = 2 where dt = timestamp '2026-11-22 00:05' - interval '1 minute'",
      ],
      [
        'a day that is gone',
        "delete from dash_users where dt = date_trunc('day', timestamp '2026-11-22 00:05')",
      ],
    ])('which they do not with %s', async (_, text) => {
      await insertEvents(db, [
        ...[seen(4, 1, { item_topic: '' }), seen(5, 1), seen(5, 2, { item_topic: null })],
        ...[
          seen(5, 3, { item_topic: 'b', age_segment: 'old' }),
          seen(5, 4, { item_topic: 'b', age_segment: 'old' }),
        ],
        ...[seen(1445, 1), seen(1446, 5)],
      ]);
      const period = { start: midnight, end: midnight + 2 * dayMs };
      await run(period);
      expect(await shown(period)).toEqual({ events: 7, people: [5, 5], uncounted: [] });
      await db.run(text);
      expect(await gathered(period)).toMatchObject({ people: null, uncounted: [midnight] });
      expect(await shown({ ...period, start: midnight + dayMs })).toMatchObject({ people: [2, 2] });
    });

    test('which they are not on a day of two minute rules, though each minute has as many', async () => {
      // By the nearest minute, each of them belongs to the next one: the first minute has one event by either rule, but not the same.
      await insertEvents(db, [seen(-600, 3), seen(-0.25, 1), seen(0.75, 2)]);
      await run({ start: midnight - dayMs, end: midnight });
      const [first, rest] = [
        { ...day, end: midnight + minuteMs },
        { ...day, start: midnight + minuteMs },
      ];
      await run(first);
      await run(rest, 'nearest');
      expect(await shown(day)).toEqual({ events: 2, people: null, uncounted: [midnight] });
      expect((await queryStatus(db, 0)).uncounted).toEqual([day]);
      await run(first, 'nearest');
      expect(await shown(day)).toEqual({ events: 2, people: [2, 2], uncounted: [] });
      // A role that may not write dash_users aggregates, too.
      await db.run("update zen_runs set minute = 'floor' where run_id = (select max(run_id) from zen_runs)");
      expect(await shown(day)).toEqual({ events: 2, people: null, uncounted: [midnight] });
    });

    test('nor are users told from those of a day before by another rule, though each minute has as many', async () => {
      const minutes = Array.from({ length: 1441 }, (_, minute) => seen(minute - 0.25, minute));
      await insertEvents(db, [...minutes, seen(1440 + 60, 0)]);
      const next = { start: day.end, end: day.end + dayMs };
      await run(day, 'nearest');
      await run(next);
      const { people } = readPayload((await render(db, { locale: 'en' })).html);
      expect(people?.reaches).toEqual([0, 0]);
      await run(next, 'nearest');
      expect(await shown({})).toEqual({ events: 1442, people: [1441, 1441], uncounted: [] });
    });

    test('nor on a day of which some is of a log that was replaced', async () => {
      await insertEvents(db, [seen(5, 1), seen(800, 1)]);
      await run(day);
      await db.run('delete from log_raw');
      await insertEvents(db, [seen(5, 2), seen(800, 1)]);
      await db.run(
        `insert into zen_runs (start_dt, end_dt, minute, started_at, finished_at, outcome, zen_version)
         values ('2026-11-22', '2026-11-23', 'floor', now(), now(), 'restored', '')`,
      );
      await run({ ...day, start: morning.end });
      expect(await shown(day)).toEqual({ events: 2, people: null, uncounted: [midnight] });
      await run(day);
      expect(await shown(day)).toEqual({ events: 2, people: [2, 2], uncounted: [] });
    });

    test('where a day in it is gone from both tables, they are not shown, as some came back from it', async () => {
      await insertEvents(db, [seen(5, 1), seen(1445, 1, { item_topic: 'b' })]);
      const period = { start: midnight, end: midnight + 2 * dayMs };
      await run(period);
      for (const table of ['dash_visits', 'dash_engagement', 'dash_users'])
        await db.run(`delete from ${table} where dt < timestamp '2026-11-23'`);
      expect(await shown(period)).toEqual({ events: 1, people: null, uncounted: [midnight + dayMs] });
    });

    test('events of NULL and of an empty name are one cell, whose users count once', async () => {
      const names = { item_topic: null, age_segment: null, event: null };
      await insertEvents(db, [seen(5, 1, names), seen(5, 1, { item_topic: '', age_segment: '', event: '' })]);
      await insertEvents(db, [seen(5, 2, { ...names, item_topic: '' }), seen(6, null), seen(7, 1)]);
      await run(day);
      expect(await shown(day)).toEqual({ events: 5, people: [1, 1], uncounted: [] });
    });
  });

  test.each([
    ['NULL', 'update dash_visits set visits = null', 'dash_visits has NULL for a number'],
    [
      'a negative number',
      'update dash_engagement set unique_users = -1',
      'dash_engagement has -1 for a number',
    ],
    [
      'the same row twice',
      'insert into dash_visits (dt, item_topic, source_topic, age_segment, visits) select dt, item_topic, source_topic, age_segment, visits from dash_visits',
      'dash_visits has the same minute twice',
    ],
  ])('a page is not made of %s', async (_, text, told) => {
    await insertEvents(db, [seen(5, 1)]);
    await run(day);
    await db.run(text);
    const names = told.startsWith('dash_visits') ? '“a” × “young” × “s”' : '“a” × “young” × “show”';
    await expect(shown(day)).rejects.toThrow(
      `${told}: ${names} at 2026-11-22T00:05:00Z. Aggregate that minute again.`,
    );
  });

  test.each([
    [
      'events that no user accounts for',
      "delete from dash_engagement where dt = timestamp '2026-11-22 00:05'",
      '“a” × “young” at 2026-11-22T00:05:00Z, the only minute that differs: the page states no event in dash_engagement, dash_visits has 1.',
    ],
    [
      'users without an event',
      "delete from dash_visits where dt = timestamp '2026-11-22 00:06'",
      '“a” × “young” at 2026-11-22T00:06:00Z, the only minute that differs: the page states at least 2 events in dash_engagement, dash_visits has 0.',
    ],
    [
      'more users than events',
      "update dash_engagement set unique_users = 2 where event = 'show'",
      '“a” × “young” at 2026-11-22T00:05:00Z, the first of 2 minutes that differ: the page states at least 2 events in dash_engagement, dash_visits has 1.',
    ],
    [
      'more kinds of event than events',
      "update dash_visits set visits = 1 where dt = timestamp '2026-11-22 00:06'",
      '“a” × “young” at 2026-11-22T00:06:00Z, the only minute that differs: the page states at least 2 events in dash_engagement, dash_visits has 1.',
    ],
  ])('a page is not made of tables with %s', async (_, text, told) => {
    await insertEvents(db, [seen(5, 1), seen(6, 1), seen(6, null, { event: 'view' })]);
    await run(day);
    await shown(day);
    await db.run(text);
    await expect(shown(day)).rejects.toThrow(told);
  });

  test.each([
    [
      'rows',
      'visits_rows',
      (payload: Payload) => {
        joinLastRows(cellsOf(payload, 'visits'));
      },
    ],
    ['sums', 'events', (payload: Payload) => cellsOf(payload, 'visits').sums.fill(9, -1)],
    ['users', 'engagement_sum', (payload: Payload) => cellsOf(payload, 'engagement').sums.fill(9, -1)],
    [
      'steps',
      'steps',
      (payload: Payload) => (payload.ladder as Rung[]).push({ until: midnight, minutes: 30 }),
    ],
  ])('a page whose manifest states other %s than its data is not made', async (_, name, alter) => {
    await insertEvents(db, [seen(5, 1), seen(6, 2)]);
    await run(day);
    const options = { locale: 'en' } as const;
    const content = await readContent(db, options, midnight);
    const late = ({ stage }: { stage: string }) => {
      if (stage === 'drawing') alter(content.payload);
    };
    await expect(render(db, options, midnight, late, content)).rejects.toThrow(
      `The new page is not what it states. ${name}: the page states `,
    );
  });

  test.each([
    [
      'two topics were swapped',
      ({ payload }: Content) => namesOf(payload, 'item_topic').splice(0, 2, 'a', 'b'),
      [
        'dash_visits, “a” × “old” × “s” at 2026-11-22T00:06:00Z, the first of 4 rows that differ',
        '2',
        'no row',
      ],
    ],
    [
      'two ages were swapped',
      ({ payload }: Content) => namesOf(payload, 'age_segment').reverse(),
      [
        'dash_visits, “b” × “young” × “s” at 2026-11-22T00:06:00Z, the first of 6 rows that differ',
        '2',
        'no row',
      ],
    ],
    [
      'a minute was moved',
      ({ payload }: Content) => {
        for (const { minutes } of [cellsOf(payload, 'visits'), cellsOf(payload, 'engagement')])
          minutes.set([pick(minutes, 0) + 1]);
      },
      [
        'dash_visits, “b” × “old” × “s” at 2026-11-22T00:06:00Z, the first of 2 rows that differ',
        'no row',
        '2',
      ],
    ],
    [
      'people are others',
      ({ people }: Content) => {
        const { sums } = people?.cells ?? { sums: [] };
        sums[sums.length - 1] = pick(sums, sums.length - 1) + 1;
      },
      [
        expect.stringMatching(/^dash_users, .* at 2026-11-22T00:0.:00Z, the only row that differs$/),
        expect.any(String),
        expect.any(String),
      ],
    ],
  ] as const)('a page is found out beside the database when %s', async (_, alter, [name, stated, found]) => {
    const other = { item_topic: 'b', age_segment: 'old' };
    await insertEvents(db, [
      seen(5, 1),
      seen(6, 2, other),
      seen(6, 3, other),
      seen(7, 4, { item_topic: null }),
    ]);
    await run(day);
    const options = { locale: 'ru' } as const;
    const content = await readContent(db, options, midnight);
    const whole = await render(db, options, midnight, undefined, content);
    expect((await verify(whole.html, db)).differences).toEqual([]);
    const forged = await readContent(db, options, midnight);
    alter(forged);
    const { html } = await render(db, options, midnight, undefined, forged);
    expect((await verify(html)).differences).toEqual([]);
    expect((await verify(html, db)).differences).toContainEqual({
      name,
      where: db.label,
      stated,
      found,
    });
  });
});

/** Makes one row of the last two of a cell, with the sum of both. */
function joinLastRows(cells: Cells): void {
  cells.minutes = cells.minutes.slice(0, -1);
  cells.sums = Float64Array.from(cells.sums).filter((_, row, { length }) => row !== length - 2);
  cells.offsets = cells.offsets.map((offset, at, { length }) => (at === length - 1 ? offset - 1 : offset));
}

function describePayload(payload: Payload, uncounted: number[]) {
  const people = listPeople(tabulatePayload(payload), everything).find(({ event }) => event === 'show');
  return {
    events: cellsOf(payload, 'visits').sums.at(-1),
    people: payload.people && [people?.low, people?.high],
    uncounted,
  };
}
