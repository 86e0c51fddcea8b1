import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { AggregateOptions } from '../src/aggregate/aggregate.ts';
import { plan, slice } from '../src/aggregate/plan.ts';
import { prune as prunes } from '../src/aggregate/prune.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import type { Database } from '../src/db/database.ts';
import { sql } from '../src/files.ts';
import { parseTime } from '../src/time.ts';
import { known } from '../src/shared/known.ts';
import { isAll } from './support/cases.ts';
import { openPair, temporaryFolder } from './support/databases.ts';
import { dump, insertEvents, readEngagement, readVisits, restoreFile } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { stepwise } from './support/steps.ts';
import { until } from './support/until.ts';
import { render } from './support/page.ts';

const at = (time: string, user = 1, item = 'a'): Sample => ({
  ...{ ts: parseTime(time), user_id: user, event: 'show' },
  ...{ item_topic: item, source_topic: 's', age_segment: '18-25' },
});
const day = (date: number, end = date + 1) => ({
  start: parseTime(`2026-11-0${date}`),
  end: parseTime(`2026-11-0${end}`),
});
const now = parseTime('2026-11-09 03:00');

/** Two users on each of three days. */
const log = [1, 2, 3].flatMap((date) => [1, 2].map((user) => at(`2026-11-0${date} 10:0${user}`, user)));

/** A run, and what another session does meanwhile. */
let db: Database;
let other: Database;

beforeEach(async () => {
  [db, other] = await openPair();
  await insertEvents(db, log);
});

afterEach(async () => {
  await db.close();
  await other.close();
});

const options: AggregateOptions = { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true };
const run = async (on: Database, window = day(1, 4), more: Partial<AggregateOptions> = {}) =>
  aggregate(on, await slice(db, [window]), { ...options, ...more });

/** Does something before the first statement of that kind. */
const once = (text: string | RegExp, work: () => Promise<unknown>) => {
  let done = false;
  return stepwise(db, async (statement) => {
    if (done || (typeof text === 'string' ? statement !== text : !text.test(statement))) return;
    done = true;
    await work();
  });
};

const waiting =
  "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/** The distinct users of some days, for all topics and ages, and how far each day says that it reaches. */
async function readPeople(start: number, end: number): Promise<{ people: number; reaches: number[] }> {
  const [row] = await other.query<{ people: number }>(
    `select coalesce(sum(people), 0)::bigint as people
     from dash_users, unnest(minutes, previous, users) as returns (minute, before, people)
     where every_topic and every_age and event = 'show' and or_event is null
       and dt >= date '2026-11-01' + ($1::int - 1) and dt < date '2026-11-01' + ($2::int - 1)
       and (before is null or dt + before * interval '1 minute' < date '2026-11-01' + ($1::int - 1)
         or before < -reach * 1440)`,
    [start, end],
  );
  const reaches = await other.query<{ reach: number }>(
    'select min(reach) as reach from dash_users group by dt order by dt',
  );
  return { people: row?.people ?? 0, reaches: reaches.map(({ reach }) => reach) };
}

describe('events that arrive while a day is aggregated', () => {
  test.each([
    ['visits', /^insert into dash_visits/m],
    ['engagement', /insert into dash_engagement/],
    ['the ledger', /^insert into zen_runs/m],
  ])('before the statement of %s are in none of its tables, and status names them', async (_, statement) => {
    const late = at('2026-11-01 10:01:30', 7, 'b');
    await run(once(statement, () => insertEvents(other, [late])));
    expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
    expect(await readEngagement(db)).toEqual(countEngagement(log, 'floor'));
    expect(await readPeople(1, 4)).toEqual({ people: 2, reaches: [6, 6, 6] });
    const minute = { start: parseTime('2026-11-01 10:01'), end: parseTime('2026-11-01 10:02') };
    expect((await queryStatus(db, now)).changed).toEqual([{ ...minute, events: 2, visits: 1 }]);
  });

  test('are in all of them when they come before the transaction', async () => {
    const early = at('2026-11-01 10:01:30', 7, 'b');
    await run(once('begin', () => insertEvents(other, [early])));
    expect(await readVisits(db)).toEqual(countVisits([...log, early], 'floor'));
    expect((await queryStatus(db, now)).changed).toEqual([]);
  });
});

describe('while days are aggregated anew before each of its statements,', () => {
  /** Another event on each day, and all of them aggregated. */
  const change = async () => {
    await insertEvents(
      other,
      [1, 2, 3].map((date) => at(`2026-11-0${date} 11:00`, 9, 'c')),
    );
    await run(other);
  };
  /** The result of a stage that nobody disturbs, and one that is disturbed as often as it asks. */
  const compare = async <T>(stage: (on: Database) => Promise<T>): Promise<[before: T, disturbed: T]> => {
    const before = await stage(db);
    let asked = 0;
    // The first statement takes the snapshot.
    const disturbed = stepwise(db, async (text) => {
      if (text !== 'begin' && text !== 'commit' && ++asked > 1) await change();
    });
    const told = await stage(disturbed);
    expect(asked).toBeGreaterThan(5);
    return [before, told];
  };

  beforeEach(() => run(db));

  test('a page is rendered from one state of the tables', async () => {
    const [before, page] = await compare((on) => render(on, { locale: 'en' }, now));
    expect(page.html).toBe(before.html);
    expect((await render(db, { locale: 'en' }, now)).events).toBeGreaterThan(before.events);
  });

  test('status tells of one state', async () => {
    const [before, status] = await compare((on) => queryStatus(on, now));
    expect(status).toEqual(before);
  });
});

describe('another session changes the log', () => {
  const prune = (on: Database) => prunes(on, { raw: 0, dryRun: false, wait: 0 }, now);
  const chosen = (on: Database, window = day(1, 4), more: Partial<AggregateOptions> = {}) =>
    aggregate(on, async () => slice(on, await plan(on, { ...window, minute: 'floor' }, now)), {
      ...options,
      ...more,
    });

  test('before the lock is held: what was pruned then is not aggregated to nothing', async () => {
    await run(db);
    const before = await readVisits(db);
    const late = once(/pg_try_advisory_lock/, () => prune(other));
    await expect(chosen(late)).rejects.toThrow('was pruned from the log');
    expect(await readVisits(db)).toEqual(before);
  });

  test.each([1, 3])(
    'minutes that it empties stay in the tables, and are named (%s at once)',
    async (jobs) => {
      await run(db);
      const before = [await readVisits(db), await readEngagement(db), await readPeople(1, 4)];
      await other.run('delete from log_raw where user_id = 2 and ts < $1', [day(2).end]);
      const lost = [1, 2].map((date) => parseTime(`2026-11-0${date} 10:02`));
      const kept = lost.map((start) => ({ start, end: start + 60_000 }));
      expect((await run(db, day(1, 4), { jobs })).kept).toEqual(kept);
      expect([await readVisits(db), await readEngagement(db)]).toEqual(before.slice(0, 2));
      expect((await queryStatus(db, now)).changed).toMatchObject(kept);
      expect((await run(db, day(1, 4), { jobs, allowEmpty: true })).kept).toEqual([]);
      const left = log.filter(({ ts, user_id }) => !(user_id === 2 && (ts ?? 0) < day(2).end));
      expect(await readVisits(db)).toEqual(countVisits(left, 'floor'));
      expect(await readPeople(1, 4)).toEqual({ people: 2, reaches: [6, 6, 6] });
    },
  );

  test('by another rule, events may leave their minute', async () => {
    await insertEvents(other, [at('2026-11-01 12:00:45')]);
    await run(db);
    expect((await run(db, day(1, 4), { minute: 'nearest' })).kept).toEqual([]);
    expect(await readVisits(db)).toEqual(countVisits([...log, at('2026-11-01 12:00:45')], 'nearest'));
  });

  test('while it is pruned: what comes stays in the log, and status tells that no table has it', async () => {
    await run(db);
    const late = at('2026-11-01 10:01:30', 7);
    const pruning = once(sql('log/delete'), () => insertEvents(other, [late]));
    expect(await prune(pruning)).toMatchObject({ events: 6, kept: [] });
    expect(await other.query('select ts, user_id from log_raw')).toEqual([{ ts: late.ts, user_id: 7 }]);
    const minute = { start: parseTime('2026-11-01 10:01'), end: parseTime('2026-11-01 10:02') };
    const { changed, late: told } = await queryStatus(db, now);
    expect([changed, told]).toEqual([[], [{ ...minute, events: 1, visits: 1 }]]);
    expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
  });

  test('a restore does not replace the log of a run that is at work, nor a run begin in one', async () => {
    const file = join(temporaryFolder(), 'log.sql');
    writeFileSync(file, dump(log));
    const refused: unknown[] = [];
    const restoring = async () => {
      refused.push(await restoreFile(other, file).catch((error: unknown) => error));
    };
    await run(once(/^insert into dash_visits/m, restoring));
    expect(refused).toMatchObject([{ failure: 'locked' }]);
    expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
    const running = async () => {
      refused.push(await run(other).catch((error: unknown) => error));
    };
    await restoreFile(once('truncate log_raw', running), file);
    expect(refused[1]).toMatchObject({ failure: 'locked' });
  });
});

describe('an event that arrives before any one statement of', () => {
  const tables = ['log_raw', 'dash_visits', 'dash_engagement', 'dash_users', 'zen_runs'];
  const steps = {
    aggregate: (on: Database) => run(on, day(1, 3)),
    prune: (on: Database) => prunes(on, { raw: 0, dryRun: false, wait: 0 }, now),
  };

  test.each(Object.keys(steps) as (keyof typeof steps)[])(
    '%s is counted, in the log and named, or both; never lost',
    async (name) => {
      await run(db);
      for (const table of tables)
        await db.run(`create table public.${table}_before as select * from ${table}`);
      const texts: string[] = [];
      await steps[name](
        stepwise(db, (text) => {
          texts.push(text);
          return Promise.resolve();
        }),
      );
      // Of statements that come for each day or window, the first and the last. Unless all cases are tried, every other one.
      const places = new Set(texts.flatMap((text) => [texts.indexOf(text), texts.lastIndexOf(text)]));
      for (const place of [...places].filter((_, number) => isAll || number % 2 === 0)) {
        await db.run(`truncate ${tables.join(', ')}`);
        for (const table of tables)
          await db.run(`insert into ${table} overriding system value select * from public.${table}_before`);
        let asked = 0;
        const late = at('2026-11-01 10:02:30', 8, 'b');
        await steps[name](
          stepwise(db, async () => {
            if (asked++ === place) await insertEvents(other, [late]);
          }),
        );
        // A run may take a few statements more or less; the place has to be one of them.
        expect(asked).toBeGreaterThan(place);
        const { changed, late: told } = await queryStatus(db, now);
        const named = known(changed).length + told.length > 0;
        const counted = await readVisits(db);
        const isIn = counted.length === countVisits([...log, late], 'floor').length;
        expect(counted).toEqual(countVisits(isIn ? [...log, late] : log, 'floor'));
        expect(await readEngagement(db)).toEqual(countEngagement(isIn ? [...log, late] : log, 'floor'));
        const inLog = (await other.query('select from log_raw where user_id = 8')).length === 1;
        expect({ place, isIn, safe: isIn || (inLog && named) }).toEqual({ place, isIn, safe: true });
      }
    },
  );
});

test('status waits for a restore, and then tells of the log that was restored', async () => {
  const ended: Promise<unknown>[] = [];
  const restoring = other.transaction(async (session) => {
    await session.run('truncate log_raw');
    ended.push(queryStatus(db, now));
    await until(async () => (await session.query(waiting)).length > 0);
    await session.run(`insert into log_raw (ts, user_id) values (${day(4).start}, 1)`);
  });
  await restoring;
  expect(await ended[0]).toMatchObject({ first: day(4).start });
});

test('status asks a question of its snapshot once', async () => {
  await run(db);
  const texts: string[] = [];
  await queryStatus(
    stepwise(db, (text) => {
      texts.push(text);
      return Promise.resolve();
    }),
    now,
  );
  const plain = texts.filter((text) => !text.includes('$1'));
  expect(plain.length).toBeGreaterThan(3);
  expect(plain).toEqual([...new Set(plain)]);
});

describe('days that are aggregated anew side by side', () => {
  test('do not get in each other’s way, though each has a snapshot, and know all of the days before them', async () => {
    await run(db, day(1, 4));
    for (let turn = 0; turn < 3; turn++) {
      await insertEvents(other, [at('2026-11-02 12:00', 3 + turn)]);
      await run(db, day(1, 4), { jobs: 3 });
      expect(await readPeople(1, 4)).toEqual({ people: 3 + turn, reaches: [6, 6, 6] });
    }
  });

  test('do not look back into one that fails', async () => {
    await run(db, day(1, 4));
    await other.run('delete from log_raw where user_id = 2 and ts < $1', [day(1).end]);
    let first = true;
    const failing = stepwise(db, (statement) => {
      if (statement !== sql('ledger/write') || !first) return Promise.resolve();
      first = false;
      return Promise.reject(new Error('The first day fails.'));
    });
    await expect(run(failing, day(1, 4), { jobs: 3, allowEmpty: true })).rejects.toThrow(
      'The first day fails.',
    );
    // The first day still has both users; who was seen on it when it failed does not count.
    expect(await readPeople(1, 4)).toEqual({ people: 4, reaches: [6, 0, 1] });
    await run(db, day(2, 4), { jobs: 2 });
    expect((await readPeople(2, 4)).people).toBe(2);
  });
});
