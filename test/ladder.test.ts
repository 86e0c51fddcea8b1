import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { between, favour, mulberry32, shuffle } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { readHistory } from '../src/mail/history.ts';
import { coarsen, fit } from '../src/render/fit-size.ts';
import { pack } from '../src/render/pack.ts';
import { buildLadder, listLadders, parseSteps } from '../src/render/steps.ts';
import { eachCell } from '../src/shared/data/cells.ts';
import { encode, listTables } from '../src/shared/data/payload.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import { cutSteps, isLadder, listBounds, snap, stepAt, toLadder } from '../src/shared/ladder.ts';
import { dayMs, hourMs, minuteMs, parseTime } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { readPayload } from './support/payload.ts';
import { render, verify } from './support/page.ts';

const at = (time: string) => parseTime(`2026-${time}`);
const year = { start: at('01-01'), end: parseTime('2027-01-01') };

describe('steps by age', () => {
  test('are read from ages with ever longer steps', () => {
    expect(parseSteps('1d:minute, 7d:30m,30d:hour,day')).toEqual([
      { age: dayMs, minutes: 1 },
      { age: 7 * dayMs, minutes: 30 },
      { age: 30 * dayMs, minutes: 60 },
      { age: Infinity, minutes: 1440 },
    ]);
    expect(parseSteps('3h')).toEqual([{ age: Infinity, minutes: 180 }]);
  });

  test.each([
    '',
    '1d:minute',
    '1d:minute,2h:30m,day',
    '1d:hour,2d:30m,day',
    '1d:7m,day',
    'x:minute,day',
    'day,hour',
  ])('“%s” is refused, with an example', (text) => {
    expect(() => parseSteps(text)).toThrow(/is not a ladder of steps\. .* 1d:minute,7d:30m,30d:hour,day\.$/);
  });

  test('become rungs that end at whole steps of the longer kind, no later than asked for', () => {
    const period = { start: at('11-01'), end: at('11-28 18:47') };
    expect(buildLadder(period, parseSteps('1d:minute,36h:30m,7d:3h,day'))).toEqual([
      { until: at('11-21'), minutes: 1440 },
      { until: at('11-27 06:00'), minutes: 180 },
      { until: at('11-27 18:30'), minutes: 30 },
    ]);
    expect(buildLadder(period, parseSteps('hour'))).toEqual([{ until: period.end, minutes: 60 }]);
    expect(buildLadder(period, parseSteps('60d:minute,day'))).toEqual([]);
    expect(buildLadder(period, [])).toEqual([]);
  });

  test('are half-open, and begin at multiples of their length', () => {
    const ladder = [
      { until: at('03-02'), minutes: 1440 },
      { until: at('03-02 02:00'), minutes: 60 },
    ];
    expect(stepAt(ladder, at('03-02') - 1)).toBe(dayMs);
    expect(stepAt(ladder, at('03-02'))).toBe(hourMs);
    expect(stepAt(ladder, at('03-02 02:00'))).toBe(minuteMs);
    const window = { start: at('03-01 22:10'), end: at('03-02 02:02') };
    const starts = ['03-01', '03-02', '03-02 01:00', '03-02 02:00', '03-02 02:01'].map(at);
    expect(cutSteps(ladder, window, minuteMs)).toEqual(starts);
    expect(snap(ladder, { start: at('03-02 00:59'), end: at('03-02 01:01') })).toEqual({
      start: at('03-02'),
      end: at('03-02 02:00'),
    });
    expect(snap(ladder, { start: at('03-02'), end: at('03-02 01:00') })).toEqual({
      start: at('03-02'),
      end: at('03-02 01:00'),
    });
  });

  test('are candidates from the finest to days alone, each of them whole', () => {
    const ladders = listLadders(year, []);
    expect(ladders.length).toBeGreaterThan(200);
    for (const [place, ladder] of ladders.entries()) {
      expect(isLadder(ladder, year)).toBe(true);
      expect(toLadder(listBounds(ladder), year.start)).toEqual(ladder);
      const before = listBounds(ladders[place - 1] ?? []);
      expect(listBounds(ladder).every((bound, step) => bound >= (before[step] ?? 0))).toBe(true);
    }
    expect(ladders.at(-1)).toEqual([{ until: year.end, minutes: 1440 }]);
  });

  test.each([
    [[{ until: at('02-01 00:30'), minutes: 60 }]],
    [[{ until: at('02-01'), minutes: 45 }]],
    [
      [
        { until: at('02-01'), minutes: 60 },
        { until: at('03-01'), minutes: 180 },
      ],
    ],
    [
      [
        { until: at('03-01'), minutes: 180 },
        { until: at('02-01'), minutes: 60 },
      ],
    ],
    [[{ until: year.end + dayMs, minutes: 60 }]],
    [[{ until: year.start, minutes: 60 }]],
  ])('%j are none of a page', (ladder) => {
    expect(isLadder(ladder, year)).toBe(false);
  });
});

/** The sums of the steps of a page, as text. */
function listSums(payload: Payload, table: string): string[] {
  const found = listTables(payload).find((each) => each.table === table);
  const base = Math.floor(payload.start / minuteMs) * minuteMs;
  return [
    ...eachCell(
      found?.cells ?? {
        sizes: [],
        codes: [],
        offsets: new Uint32Array(1),
        minutes: new Uint16Array(),
        sums: new Uint32Array(1),
        counts: null,
      },
    ),
  ]
    .flatMap(({ codes, minutes, values }) =>
      Array.from(minutes, (minute, row) =>
        [
          base + minute * minuteMs,
          ...codes.map((code, field) => found?.names[field]?.[code]),
          values[row],
        ].join(),
      ),
    )
    .sort();
}

describe.each(kinds)('a page on the %s database', (kind) => {
  let db: Database;
  const random = mulberry32(32);
  const start = at('06-01 21:10');
  const end = at('06-05 15:20');

  beforeAll(async () => {
    db = await newDatabase(kind);
    await insertEvents(db, invent(4000));
    await aggregate(db, [{ start, end }], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  });

  afterAll(() => db.close());

  /** Events of some topics, and pauses. */
  function invent(events: number): Sample[] {
    return Array.from({ length: events }, () => ({
      ts: between(random, start / minuteMs, end / minuteMs - 1) * minuteMs + between(random, 0, 59_999),
      user_id: between(random, 1, 300),
      item_topic: favour(random, ['a', 'b', 'c']),
      source_topic: favour(random, ['b', 'd']),
      age_segment: favour(random, ['18-25', '45+']),
      event: favour(random, ['show', 'show', 'click', 'view']),
    })).filter(({ ts }) => Math.floor(ts / hourMs) % 7 !== 3);
  }

  const times = cases(40);

  test(`has the sums that SQL makes of each step, over ${times} random ladders, and is verified`, async () => {
    for (let time = 0; time < times; time++) {
      const lengths = shuffle(random, ['minute', '30m', 'hour', '3h', 'day']).slice(0, between(random, 1, 5));
      const order = ['minute', '30m', 'hour', '3h', 'day'].filter((step) => lengths.includes(step));
      const ages = order.map(() => between(random, 1, 5600)).sort((a, b) => a - b);
      const steps = parseSteps(
        order
          .map((step, place) => (place < order.length - 1 ? `${(ages[place] ?? 0) + place}m:${step}` : step))
          .join(),
      );
      const from = start + between(random, 0, 600) * minuteMs;
      const { html, ladder } = await render(db, { locale: 'en', start: from, minCell: 1, steps });
      const payload = readPayload(html);
      expect(payload.ladder).toEqual(ladder);
      const step = ladder
        .map(
          ({ until, minutes }) =>
            `when dt < timestamp 'epoch' + ${until} * interval '1 millisecond' then ${minutes * 60}`,
        )
        .join(' ');
      const seconds = ladder.length > 0 ? `case ${step} else 60 end` : '60';
      for (const [table, fields, value] of [
        ['dash_visits', 'item_topic, age_segment, source_topic', 'visits'],
        ['dash_engagement', 'item_topic, age_segment, event', 'unique_users'],
      ] as const) {
        const rows = await db.query<{ line: string }>(
          `select concat_ws(',', greatest(place * 1000, ${from})::bigint::text, ${fields}, sum(value)::text) as line
           from (select floor(extract(epoch from dt) / (${seconds})) * (${seconds}) as place, ${fields}, ${value} as value
             from ${table} where dt >= timestamp 'epoch' + ${from} * interval '1 millisecond') as steps
           group by place, ${fields}`,
        );
        expect(listSums(payload, table)).toEqual(rows.map(({ line }) => line).sort());
      }
      expect((await verify(html)).differences).toEqual([]);
      expect((await verify(html, db)).differences).toEqual([]);
      expect(readHistory(encode(payload), 'en').payload.ladder).toEqual(ladder);
    }
  });

  test('with merged groups and other rows in the database is told from it', async () => {
    const steps = parseSteps('6h:minute,1d:30m,day');
    const { html, merged } = await render(db, { locale: 'en', minCell: 60, steps });
    expect(merged).toBeGreaterThan(0);
    expect((await verify(html, db)).differences).toEqual([]);
    await db.run(`update dash_visits set visits = visits + 1 where dt = (select min(dt) from dash_visits)`);
    const found = (await verify(html, db)).differences.map(({ name }) => name);
    expect(found).toContain('visits_sum');
    await db.run(`update dash_visits set visits = visits - 1 where dt = (select min(dt) from dash_visits)`);
  });

  test('has the finest candidate that fits, the same each time', async () => {
    const whole = { ...readPayload((await render(db, { locale: 'en', minCell: 1 })).html), people: null };
    const packed = await pack(whole);
    for (const share of [0.8, 0.5, 0.3]) {
      const room = Math.round(packed.length * share);
      const fitted = await fit({ payload: whole, packed }, room, 0);
      expect(fitted.packed.length).toBeLessThanOrEqual(room);
      const ladders = listLadders(whole, []);
      const place = ladders.findIndex(
        (ladder) => JSON.stringify(ladder) === JSON.stringify(fitted.payload.ladder),
      );
      const finer = ladders[place - 1];
      if (finer) expect((await pack(coarsen(whole, finer))).length).toBeGreaterThan(room);
      expect((await fit({ payload: whole, packed }, room, 0)).packed).toBe(fitted.packed);
    }
  });
});

describe('a year of few events', () => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase('server');
    const event = { user_id: 1, item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
    await insertEvents(db, [{ ...event, ts: year.start }]);
    await aggregate(db, [year], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
    await db.run('delete from dash_users');
    const dt = `timestamp '2026-01-01' + m * interval '1 minute'`;
    const rows = `from generate_series(1, 525599, 3) as m where abs(hashtext(m::text)) % 3 > 0`;
    await db.run(`insert into dash_visits (dt, item_topic, source_topic, age_segment, visits)
      select ${dt}, 'topic ' || m % 2, 'b', 'c', 1 + m % 7 ${rows}`);
    await db.run(`insert into dash_engagement (dt, item_topic, event, age_segment, unique_users)
      select ${dt}, 'topic ' || m % 2, 'show', 'c', 1 ${rows}`);
  });

  afterAll(() => db.close());

  test('fits by days for its oldest part and minutes for its newest, with nothing lost, and is verified', async () => {
    const options = { ...year, locale: 'en', minCell: 1 } as const;
    const whole = await render(db, options);
    const packed = (await pack(readPayload(whole.html))).length;
    expect(whole.ladder).toEqual([]);
    const maxSize = (Buffer.byteLength(whole.html) - 0.7 * packed) / 1e6;
    const small = await render(db, { ...options, maxSize });
    expect(Buffer.byteLength(small.html)).toBeLessThanOrEqual(maxSize * 1e6);
    expect(small.ladder.map(({ minutes }) => minutes)).toEqual([1440, 180, 60, 30]);
    expect(small.ladder.at(-1)?.until).toBeLessThan(year.end);
    expect([small.events, small.rows]).toEqual([whole.events, whole.rows]);
    expect((await verify(small.html)).differences).toEqual([]);
    expect((await verify(small.html, db)).differences).toEqual([]);
    await expect(render(db, { ...options, maxSize: 0.1 })).rejects.toThrow(
      'MB even in steps of a day, more than the 0.10 MB',
    );
  });
});
