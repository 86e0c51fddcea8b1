import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { between, favour, mulberry32, shuffle } from '../fixtures/random.ts';
import type { Random } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import type { CellUsers } from '../src/people/lookback.ts';
import { gatherUsers, queryCellUsers } from '../src/people/table.ts';
import { boundEvents } from '../src/log/questions.ts';
import type { Minute } from '../src/log/log.ts';
import { useGroups } from '../src/log/named-groups.ts';
import { sql } from '../src/files.ts';
import type { Database } from '../src/db/database.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import type { Window } from '../src/time.ts';
import { queryUncounted } from '../src/ledger/uncounted.ts';
import { queryPeople } from '../src/render/people.ts';
import { queryPayload } from '../src/render/tables.ts';
import { cases } from './support/cases.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { countUsers, minuteOf } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';

const midnight = parseTime('2019-09-25');
const topics = ['Наука', 'Кино', null, "О'Нил"];
const ages = ['18-25', '26-30', null];
const events = ['show', 'click', 'view', null];
const orders = [null, 'click', 'view'];
const named = {
  'two topics': ['Наука', "О'Нил"],
  'with those not set': ['', 'Кино', 'Нет'],
  'all topics': ['Наука', 'Кино', '', "О'Нил"],
  'two ages': ['18-25', ''],
};
const [groupsOfTopics, groupsOfAges] = [Object.values(named).slice(0, 3), Object.values(named).slice(3)];

/** Nine days, each around its midnight; users who change their age, too. */
function randomEvent(random: Random): Sample {
  const day = midnight + (random() < 0.5 ? 0 : between(random, -4, 4) * dayMs);
  return {
    ts: day + between(random, -90, 90) * minuteMs + between(random, 0, 59_999),
    user_id: random() < 0.05 ? null : between(random, 1, 40),
    item_topic: favour(random, topics),
    source_topic: 'Дети',
    age_segment: favour(random, ages),
    event: favour(random, events),
  };
}

interface Question extends Window {
  topic: string | null | undefined | string[];
  age: string | null | undefined | string[];
  event: string | null;
  or: string | null;
}

/** Whole minutes of up to seven UTC days; every second time all topics, or all ages. */
function randomQuestion(random: Random): Question {
  const first = midnight + between(random, -5, 4) * dayMs;
  const start = first + (random() < 0.5 ? between(random, 1340, 1439) : between(random, 0, 100)) * minuteMs;
  const length = random() < 0.4 ? between(random, 1, 200) : between(random, 1, 7 * 1440);
  const or = favour(random, orders);
  return {
    start,
    end: Math.min(start + length * minuteMs, first + 7 * dayMs),
    topic: random() < 0.3 ? undefined : favour(random, [...topics, ...groupsOfTopics]),
    age: random() < 0.5 ? undefined : favour(random, [...ages, ...groupsOfAges]),
    event: or ? 'show' : favour(random, events),
    or,
  };
}

function expected(log: readonly Sample[], minute: Minute, asked: Question): number {
  return countUsers(
    log.filter((one) => {
      const at = minuteOf(one.ts, minute) ?? NaN;
      return (
        at >= asked.start &&
        at < asked.end &&
        isAsked(asked.topic, one.item_topic) &&
        isAsked(asked.age, one.age_segment) &&
        (one.event === asked.event || (asked.or !== null && one.event === asked.or))
      );
    }),
  );
}

function isAsked(asked: Question['topic'], name: string | null): boolean {
  if (Array.isArray(asked)) return asked.includes(name ?? '');
  return asked === undefined || name === asked;
}

/** A name of a scope as the table has it: whether it stands for all, null for a group, and the name, or the group's key. */
function columnsOf(asked: Question['topic']): [boolean | null, string | null] {
  if (!Array.isArray(asked)) return [asked === undefined, asked ?? null];
  const sorted = JSON.stringify(asked.toSorted());
  return [null, createHash('sha256').update(sorted).digest('hex')];
}

async function ask(db: Database, { start, end, topic, age, event, or }: Question): Promise<number> {
  const rows = await db.query<{ users: number }>(
    `select coalesce(sum(people), 0)::bigint as users
     from dash_users, unnest(minutes, previous, users) as returns (minute, before, people)
     where dt + minute * interval '1 minute' >= timestamp 'epoch' + $1::bigint * interval '1 millisecond'
       and dt + minute * interval '1 minute' < timestamp 'epoch' + $2::bigint * interval '1 millisecond'
       and (before is null or dt + before * interval '1 minute' < timestamp 'epoch' + $1::bigint * interval '1 millisecond')
       and every_topic is not distinct from $3::boolean and item_topic is not distinct from $4::text
       and every_age is not distinct from $5::boolean and age_segment is not distinct from $6::text
       and event is not distinct from $7::text and or_event is not distinct from $8::text`,
    [start, end, ...columnsOf(topic), ...columnsOf(age), event, or],
  );
  return rows[0]?.users ?? NaN;
}

/** The days on which people are not those of the events that a page would show. */
async function queryStale(db: Database, period: Window): Promise<number[]> {
  const payload = await queryPayload(db, period, [], { translate: (text) => text });
  return (await queryPeople(db, payload, (text) => text)).stale;
}

const whole = { start: midnight - 5 * dayMs, end: midnight + 5 * dayMs };

function parts(random: Random): Window[] {
  const cuts = Array.from(
    { length: between(random, 1, 6) },
    () => midnight + between(random, -4, 4) * dayMs + between(random, -95, 95) * minuteMs,
  );
  const bounds = [...new Set([whole.start, ...cuts, whole.end])].sort((a, b) => a - b);
  return bounds.slice(1).map((end, index) => ({ start: bounds[index] ?? end, end }));
}

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  afterAll(() => db.close());

  const rounds = { server: cases(6, 2), embedded: cases(2, 1) }[kind];

  test(`people of ${rounds} random logs are the distinct ones of any scope, and any named group, and any stretch of up to seven UTC days`, async () => {
    useGroups(named);
    const random = mulberry32(9);
    for (let round = 0; round < rounds; round++) {
      const log = Array.from({ length: between(random, 0, 400) }, () => randomEvent(random));
      const minute = random() < 0.5 ? 'floor' : 'nearest';
      const options = { minute, dryRun: false, jobs: 2, wait: 0, users: true } as const;
      const check = async () => {
        for (let number = 0; number < 16; number++) {
          const asked = randomQuestion(random);
          expect([asked, await ask(db, asked)]).toEqual([asked, expected(log, minute, asked)]);
        }
        expect(await queryStale(db, whole)).toEqual([]);
        const [without] = await db.query(
          'select dt from dash_users group by dt having count(distinct item_topic) filter (where every_topic is null) <> 4',
        );
        expect(without).toBeUndefined();
      };
      await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
      await insertEvents(db, log);
      await aggregate(db, shuffle(random, parts(random)), options);
      await check();
      for (const part of shuffle(random, parts(random))) await aggregate(db, [part], options);
      await check();
      const late = Array.from({ length: 8 }, () => randomEvent(random));
      await insertEvents(db, late);
      log.push(...late);
      // Only their own minutes are aggregated again, and all that follows is right.
      for (const { ts } of late) {
        const start = minuteOf(ts, minute) ?? NaN;
        await aggregate(db, [{ start, end: start + minuteMs }], options);
      }
      await check();
    }
    useGroups();
  });

  test('unless told, an hour of a busy day does not cost the day, but a day that is counted stays counted', async () => {
    const random = mulberry32(10);
    const log = Array.from({ length: 300 }, () => randomEvent(random));
    await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
    await insertEvents(db, log);
    const run = (start: number, end: number) =>
      aggregate(db, [{ start, end }], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
    const days = async () =>
      (
        await db.query<{ day: string }>('select distinct dt::date::text as day from dash_users order by 1')
      ).map(({ day }) => day);
    await run(midnight, midnight + 10 * minuteMs);
    expect(await days()).toEqual([]);
    await run(midnight, midnight + 80 * minuteMs);
    expect(await days()).toEqual(['2019-09-25']);
    await run(midnight - dayMs, midnight);
    expect(await days()).toEqual(['2019-09-24', '2019-09-25']);
    await run(midnight, midnight + 10 * minuteMs);
    expect(await days()).toEqual(['2019-09-24', '2019-09-25']);
    const asked = {
      start: midnight,
      end: midnight + dayMs,
      topic: undefined,
      age: undefined,
      event: 'show',
      or: null,
    };
    expect(await ask(db, asked)).toBe(expected(log, 'floor', asked));
  });

  test('there is no id in the table, and the days of a run without it are taken out', async () => {
    const columns = await db.query<{ name: string }>(
      "select column_name as name from information_schema.columns where table_name = 'dash_users'",
    );
    expect(columns.map(({ name }) => name)).not.toContain('user_id');
    await aggregate(db, [{ start: midnight, end: midnight + minuteMs }], {
      minute: 'floor',
      dryRun: false,
      jobs: 1,
      wait: 0,
      users: false,
    });
    const [left] = await db.query<{ before: boolean; after: boolean }>(
      `select bool_or(dt < timestamp '2019-09-25') as before, bool_or(dt >= timestamp '2019-09-25') as after from dash_users`,
    );
    expect(left).toEqual({ before: true, after: false });
  });

  const day = (number: number) => ({
    start: midnight + number * dayMs,
    end: midnight + (number + 1) * dayMs,
  });

  /** A show at a minute of a day. */
  const seen = (number: number, user_id: number | null = 1, minute = 5): Sample => ({
    ts: day(number).start + minute * minuteMs,
    user_id,
    item_topic: 'Наука',
    source_topic: 'Дети',
    age_segment: '18-25',
    event: 'show',
  });

  const begin = async (log: readonly Sample[]) => {
    await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
    await insertEvents(db, log);
  };

  const run = (window: Window, options: { users?: boolean; minute?: Minute; allowEmpty?: boolean } = {}) =>
    aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true, ...options });

  /** Of each day, how far it reaches back, and the minutes of all topics and ages, each with the one before it. */
  const known = async () =>
    (
      await db.query<{ row: string }>(
        `select concat_ws(' ', extract(day from dt), reach, minutes, previous) as row
         from dash_users where every_topic and every_age and or_event is null order by 1`,
      )
    ).map(({ row }) => row);

  test('a day reaches back as far as the days before it are known, and is counted again when that changes', async () => {
    await begin([seen(0), seen(2)]);
    await run(day(2));
    expect(await known()).toEqual(['27 1 {5} {NULL}']);
    await run(day(0));
    expect(await known()).toEqual(['25 6 {5} {NULL}', `27 6 {5} {${5 - 2 * 1440}}`]);
    await run(day(0), { users: false });
    expect(await known()).toEqual([`27 1 {5} {${5 - 2 * 1440}}`]);
    await run(day(0));
    expect(await known()).toEqual(['25 6 {5} {NULL}', `27 6 {5} {${5 - 2 * 1440}}`]);
    await insertEvents(db, [seen(1)]);
    await run(day(1));
    const whole = ['25 6 {5} {NULL}', `26 6 {5} {${5 - 1440}}`, `27 6 {5} {${5 - 1440}}`];
    expect(await known()).toEqual(whole);
    // As when a backup of later days has replaced the log.
    await db.run('delete from log_raw where ts < $1::bigint', [day(1).start]);
    await run(day(2));
    expect(await known()).toEqual([...whole.slice(0, 2), `27 1 {5} {${5 - 1440}}`]);
  });

  test('a day that is kept does not reach back into one that is aggregated anew with it', async () => {
    // The log loses the first user's first event, and an event of the second day that is not aggregated anew.
    await begin([seen(0, 1, 3), seen(0, 2, 9), seen(1), seen(1, 3, 700)]);
    await run({ start: day(0).start, end: day(1).end });
    await db.run('delete from log_raw where user_id = 3 or ts = $1::bigint', [day(0).start + 3 * minuteMs]);
    await run({ start: day(0).start, end: day(1).start + 60 * minuteMs }, { allowEmpty: true });
    expect(await known()).toEqual([`25 6 {9} {NULL}`, `26 0 {5,700} {${3 - 1440},NULL}`]);
  });

  test('to aggregate a day anew leaves the days after it as they were, if it has not changed', async () => {
    await begin(Array.from({ length: 15 }, (_, number) => seen(number - 5)));
    await run({ start: day(-5).start, end: day(9).end });
    const before = await known();
    expect(before).toHaveLength(15);
    await run(day(-4));
    expect(await known()).toEqual(before);
  });

  test('a day that has changed since it was aggregated is not looked back to, until it is again', async () => {
    await begin([seen(0)]);
    await run(day(0));
    // The second user is not among the people of the day before, at whose minute the third one was.
    await insertEvents(db, [seen(0, 2, 7), seen(1, 2)]);
    await run(day(1));
    expect(await known()).toEqual(['25 6 {5} {NULL}', '26 0 {5} {NULL}']);
    await run(day(0));
    expect(await known()).toEqual(['25 6 {5,7} {NULL,NULL}', `26 6 {5} {${7 - 1440}}`]);
    await begin([{ ...seen(0), ts: day(0).start + 5 * minuteMs + 50_000 }, seen(1)]);
    await run(day(0));
    await run(day(1), { minute: 'nearest' });
    expect(await known()).toEqual(['25 6 {5} {NULL}', '26 0 {5} {NULL}']);
  });

  test('of a day of which the log no longer has all stays what is known', async () => {
    await begin([seen(0), seen(1), seen(2)]);
    await run({ start: day(0).start, end: day(2).end });
    await db.run('delete from log_raw where ts < $1::bigint or ts >= $2::bigint', [
      day(1).start,
      day(2).start,
    ]);
    await run(day(1));
    expect(await known()).toEqual(['25 6 {5} {NULL}', '26 0 {5} {NULL}', `27 0 {5} {${5 - 1440}}`]);
    // Of a late event after all others are gone.
    await db.run('delete from log_raw');
    await insertEvents(db, [seen(1, 2, 9)]);
    await run({ start: day(1).start + 9 * minuteMs, end: day(1).start + 10 * minuteMs });
    expect((await known())[1]).toBe('26 0 {5} {NULL}');
    const period = { start: day(1).start, end: day(1).end };
    expect(await queryStale(db, period)).toEqual([day(1).start]);
    expect(await queryStale(db, { ...period, end: period.start + 9 * minuteMs })).toEqual([]);
  });

  test('what is known of a day stays, when the log no longer has the days before it', async () => {
    await begin([seen(0), seen(1), seen(2), seen(3)]);
    await run({ start: day(0).start, end: day(3).end });
    // The second day is gone, but for its people; of the first one comes another event.
    await db.run('delete from log_raw where ts >= $1::bigint and ts < $2::bigint', [
      day(1).start,
      day(2).start,
    ]);
    await insertEvents(db, [seen(0, 2, 9)]);
    await run(day(0));
    const kept = [`26 0 {5} {${5 - 1440}}`, `27 1 {5} {${5 - 1440}}`, `28 2 {5} {${5 - 1440}}`];
    expect(await known()).toEqual(['25 6 {5,9} {NULL,NULL}', ...kept]);
  });

  test('a catch-up makes up days without people, without a group, or that could reach back further', async () => {
    const log = [seen(0), seen(1), seen(1, 2), seen(3)];
    await begin(log);
    await run({ start: day(0).start, end: day(3).end });
    const whole = await known();
    const catchUp = async () => {
      const { madeUp } = await aggregate(db, [], {
        ...({ minute: 'floor', dryRun: false, jobs: 1, wait: 0, catchUp: true } as const),
      });
      return madeUp.map((ms) => (ms - midnight) / dayMs);
    };
    const named = async () => {
      const { uncounted, short } = await queryStatus(db, midnight);
      return [uncounted, short];
    };
    const none = [[], []];
    expect([await named(), await catchUp()]).toEqual([none, []]);
    await db.run('delete from dash_users where dt = $1::timestamp', ['2019-09-26']);
    expect(await named()).toEqual([[day(1)], []]);
    expect([await catchUp(), await named(), await known()]).toEqual([[1], none, whole]);
    // As when a run is killed before its end.
    await db.run(sql('people/shorten'), [day(1).start, 6, day(1).start]);
    expect(await known()).not.toEqual(whole);
    expect(await named()).toEqual([[], [day(1), day(3)]]);
    expect([await catchUp(), await named(), await known()]).toEqual([[1, 3], none, whole]);
    useGroups({ group: ['Наука', 'Кино'] });
    expect([await catchUp(), await catchUp(), await named(), await known()]).toEqual([
      [0, 1, 3],
      [],
      none,
      whole,
    ]);
    const asked = { ...{ start: day(0).start, end: day(3).end }, topic: ['Наука', 'Кино'], age: undefined };
    expect(await ask(db, { ...asked, event: 'show', or: null })).toBe(2);
    useGroups();
    // Where an event came late, or the log was pruned, nobody can know more; no day is lost by it.
    await db.run(sql('people/shorten'), [day(1).start, 6, day(1).start]);
    const short = await known();
    await insertEvents(db, [seen(1, 3)]);
    await db.run('delete from log_raw where ts < $1::bigint', [day(1).start]);
    expect([await catchUp(), await named(), await known()]).toEqual([[], [[], [day(1), day(3)]], short]);
  });

  test('a day without a user that is known is counted all the same', async () => {
    await begin([seen(0), seen(1, null), seen(2)]);
    await run({ start: day(0).start, end: day(2).end });
    expect(await queryUncounted(db, { start: day(0).start, end: day(2).end })).toEqual([]);
    expect(await known()).toEqual(['25 6 {5} {NULL}', '26 6 {} {}', `27 6 {5} {${5 - 2 * 1440}}`]);
  });

  test('ids may be any text', async () => {
    const ids = [
      '',
      ' ',
      'a',
      'b',
      'a\u001fb',
      'a,b',
      '"',
      '\\',
      '\\"',
      '{a}',
      'NULL',
      'null',
      '\n',
      '🙂',
      null,
      null,
    ];
    await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
    await db.run('create table log_raw (ts bigint, user_id text, item_topic text, source_topic text, age_segment text, event text)'); // prettier-ignore
    const see = async (id: string | null, minute: number) =>
      db.run("insert into log_raw values ($1::bigint, $2::text, 'Кино', 'Дети', '18-25', 'show')", [
        midnight + minute * minuteMs,
        id,
      ]);
    for (const id of ids) for (const minute of [1, 1, 2]) await see(id, minute);
    await see('', 3);
    await see(null, 4);
    await aggregate(db, [{ start: midnight, end: midnight + dayMs }], {
      minute: 'floor',
      dryRun: false,
      jobs: 1,
      wait: 0,
      users: true,
    });
    const found = (minute: number, end = minute + 1) =>
      ask(db, {
        start: midnight + minute * minuteMs,
        end: midnight + end * minuteMs,
        topic: undefined,
        age: undefined,
        event: 'show',
        or: null,
      });
    expect([await found(1), await found(2), await found(3), await found(4), await found(1, 5)]).toEqual([
      14, 14, 1, 0, 14,
    ]);
  });

  test('those of a busy day come in several texts, and are the same', async () => {
    const random = mulberry32(17);
    const log = Array.from({ length: 500 }, () => randomEvent(random));
    await begin(log);
    await run(day(0));
    const list = (rows: readonly CellUsers[]) =>
      rows
        .flatMap(({ day: number, item_topic, age_segment, event, users, minutes, counts }) => {
          const [ids, times, repeats] = [users, minutes, counts ?? ''].map((text) =>
            text.slice(1, -1).split(','),
          );
          const each = times?.flatMap((minute, at) =>
            Array.from({ length: Number(repeats?.[at] || 1) }, () => minute),
          );
          return ids?.map((id, at) => [number, item_topic, age_segment, event, each?.[at], id].join('|'));
        })
        .sort();
    const { start, end } = day(0);
    const found = await db.transaction(
      async (session) => {
        await session.run('delete from dash_engagement');
        const few = await queryCellUsers(session, { start, end }, 'floor', 500);
        const many = await queryCellUsers(session, { start, end }, 'floor', 5_000_000);
        const columns = 'dt, item_topic, event, age_segment, unique_users';
        const filling = sql('aggregate/new', { table: 'dash_engagement', columns });
        const { seen } = await gatherUsers(session, { start, end }, 'floor', 5_000_000, filling);
        expect(many.length).toBeGreaterThan(few.length);
        return [list(few), list(many), list(seen)];
      },
      { rollback: true },
    );
    const own = log.filter(({ ts }) => Number(ts) >= start && Number(ts) < end);
    expect(found[0]).toHaveLength(own.length);
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  });

  test('a table of an earlier zen is taken as it is without them, too', async () => {
    await begin([seen(0), seen(1)]);
    await run(day(0));
    await db.run('alter table dash_users drop column reach');
    await db.run(sql('migrations/5'));
    await run(day(1), { users: false });
    expect(await known()).toEqual(['25 0 {5} {NULL}']);
  });

  test('a day that is counted goes before one that is not, over one connection, too', async () => {
    await begin([seen(0), seen(1), seen(1, 2, 700), seen(1, 3, 700)]);
    const hour = { start: day(1).start, end: day(1).start + 60 * minuteMs };
    await aggregate(db, [day(0), hour], { minute: 'floor', dryRun: false, jobs: 2, wait: 0 });
    expect(await known()).toEqual(['25 6 {5} {NULL}']);
  });

  test('a day that fails leaves its place to those after it, over one connection, too', async () => {
    await begin([seen(0), seen(1)]);
    await run(day(0));
    await insertEvents(db, [seen(0, 2)]);
    await db.run("alter table dash_visits add check (dt > '2019-09-26') not valid");
    const both = aggregate(db, [day(0), day(1)], {
      ...({ minute: 'floor', dryRun: false, jobs: 2, wait: 0, users: true } as const),
    });
    await expect(both).rejects.toThrow(/violates check constraint/);
  });

  test('a day is not taken to have fewer events than it has, whether the server knows it or not', async () => {
    await begin([]);
    await db.run('alter table log_raw set (autovacuum_enabled = off)');
    const fill = (number: number, events: number) =>
      db.run('insert into log_raw (ts) select $1::bigint + n * 1000 from generate_series(1, $2::int) as n', [
        day(number).start,
        events,
      ]);
    const most = async (number: number) => Math.round((await boundEvents(db, day(number))).own);
    expect(await most(0)).toBe(Infinity);
    const sizes = [5000, 200, 3000, 0, 1800];
    for (const [number, events] of sizes.entries()) await fill(number, events);
    await db.run('analyze log_raw');
    // A step of the histogram is 100 of the 10,000 events; a day ends in two of them. What is at its ends has no end there.
    expect(await most(0)).toBe(10_000);
    for (const number of [1, 2, 3]) {
      expect(await most(number)).toBeGreaterThanOrEqual(sizes[number] ?? NaN);
      expect(await most(number)).toBeLessThanOrEqual((sizes[number] ?? NaN) + 200);
    }
    expect(await most(4)).toBe(10_000);
    await fill(5, 8000);
    await db.run('vacuum log_raw'); // which counts the events, but looks at none
    expect(await most(5)).toBe(18_000);
  });
});
