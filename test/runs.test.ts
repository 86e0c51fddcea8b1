import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostname } from 'node:os';
import { openServer } from '../src/db/server.ts';
import type { Database } from '../src/db/database.ts';
import { parseTime } from '../src/time.ts';
import { newRole, newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { until } from './support/until.ts';
import { call, start } from './support/zen.ts';
import type { Outcome } from './support/zen.ts';

const cwd = temporaryFolder();
const names = { item_topic: 'Наука', source_topic: 'Кино', age_segment: '18-25', event: 'show' };

/** Two days of events, one each hour. */
const log: Sample[] = Array.from({ length: 48 }, (_, hour) => ({
  ts: parseTime('2019-09-24') + hour * 3_600_000 + 59_999,
  user_id: hour % 5,
  ...names,
}));
const days = ['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-09-26', '--jobs', '1'];

let url: string;
let db: Database;

beforeEach(async () => {
  url = newUrl();
  db = await openServer(url, { create: true });
  await insertEvents(db, log);
});

afterEach(() => db.close());

function run(...args: string[]): ReturnType<typeof start> {
  return start(args, { cwd, env: { ZEN_DATABASE_URL: url } });
}

/** The sessions of runs, the one that leads first; `waiting` for a lock on a table. */
async function sessions(): Promise<{ pid: number; waiting: boolean }[]> {
  return db.query(
    `select pid, coalesce(wait_event_type = 'Lock', false) as waiting from pg_stat_activity
     where datname = current_database() and application_name like 'zen %' and application_name <> $1 order by backend_start`,
    [`zen ${process.pid}@${hostname()}`],
  );
}

/** Starts a run that cannot go on while `during` runs: a transaction has locked its table. */
async function held(
  args: string[],
  during: (run: ReturnType<typeof start>) => Promise<void>,
): Promise<Outcome> {
  const { outcome } = await db.transaction(async (session) => {
    await session.run('lock table dash_visits in access exclusive mode');
    const started = run(...args);
    await until(async () => (await sessions()).some(({ waiting }) => waiting));
    await during(started);
    return started;
  });
  return outcome;
}

async function expectWhole(): Promise<void> {
  expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
  expect(await readEngagement(db)).toEqual(countEngagement(log, 'floor'));
}

describe('while a run is at work', () => {
  beforeEach(async () => {
    await run(...days, '--dry-run').outcome;
    await run('aggregate', '--start-dt', '2019-09-25 12:00', '--end-dt', '2019-09-25 13:00').outcome;
  });

  test('another one ends with exit 4 and names it, or waits for it', async () => {
    let waiting: Promise<Outcome> | undefined;
    const first = await held(days, async ({ child }) => {
      const second = await run(...days).outcome;
      expect([second.code, second.stdout]).toEqual([4, '']);
      expect(second.stderr).toContain(
        `Another run is at work in this database (zen ${child.pid ?? 0}@${hostname()}, user zen, process `,
      );
      waiting = run(...days, '--wait', '60s').outcome;
    });
    expect(first.code).toBe(0);
    expect((await waiting)?.code).toBe(0);
    await expectWhole();
  });

  test('another schema of the database is aggregated meanwhile', async () => {
    const role = newRole('neighbour');
    const own = new URL(url);
    own.username = role;
    await db.run(`create role ${role} login`);
    await db.run(`create schema authorization ${role}`);
    await db.run(`alter role ${role} set search_path = ${role}`);
    await db.run(`create table ${role}.log_raw as table log_raw`);
    await db.run(`alter table ${role}.log_raw owner to ${role}`);
    const first = await held(days, async () => {
      const other = await run(...days, '--database', own.href).outcome;
      expect([other.code, other.stdout]).toEqual([0, expect.stringContaining('Aggregated 48 events')]);
      expect((await run(...days).outcome).code).toBe(4);
    });
    expect(first.code).toBe(0);
    await expectWhole();
    const rows = (schema: string) =>
      db.query(
        `select dt, item_topic, source_topic, age_segment, visits from "${schema}".dash_visits order by 1`,
      );
    expect(await rows(role)).toEqual(await rows('public'));
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s cancels its query on the server, and ends it with exit 130',
    async (signal) => {
      const before = await readVisits(db);
      const outcome = await held(days, async ({ child, outcome }) => {
        child.kill(signal);
        await outcome;
        await until(async () => (await sessions()).length === 0);
      });
      expect(outcome).toMatchObject({
        code: 130,
        stdout: '',
        stderr: expect.stringMatching(/\nInterrupted\.\n$/),
      });
      expect(await readVisits(db)).toEqual(before);
    },
  );

  test.each([
    ['that works', -1],
    ['that leads', 0],
  ])('the connection %s is lost, and the run makes up what is not done', async (_, which) => {
    const outcome = await held(days, async () => {
      const pid = (await sessions()).at(which)?.pid ?? 0;
      await db.query('select pg_terminate_backend($1)', [pid]);
    });
    expect([outcome.code, outcome.stdout]).toEqual([0, expect.stringContaining('Aggregated 48 events')]);
    await expectWhole();
  });

  test('a limit of the server’s ends it with exit 3 when it is met twice', async () => {
    await db.run(`alter database ${new URL(url).pathname.slice(1)} set statement_timeout = '100ms'`);
    const outcome = await held(days, async ({ outcome }) => {
      await outcome;
    });
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain(
      'gave up: canceling statement due to statement timeout. Run it again, or raise that limit.',
    );
  });
});

test('eight runs at once, on one window and on ones that overlap, give what one run gives', async () => {
  const windows = [
    days,
    ['aggregate', '--end-dt', '2019-09-26'],
    ['aggregate', '--start-dt', '2019-09-24 12:00', '--end-dt', '2019-09-26'],
    ['aggregate', '--start-dt', '2019-09-23', '--end-dt', '2019-09-25 12:00'],
  ];
  const runs = Array.from(
    { length: 8 },
    (_, index) => run(...(windows[index % 4] ?? days), '--wait', '120s').outcome,
  );
  expect((await Promise.all(runs)).map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(
    Array.from({ length: 8 }, () => [0, '']),
  );
  await expectWhole();
});

test('neither the machine’s time zone nor the server’s matters', async () => {
  const name = new URL(url).pathname.slice(1);
  for (const zone of ['Asia/Vladivostok', 'America/Los_Angeles']) {
    await db.run(`alter database ${name} set timezone = '${zone}'`);
    const env = { ZEN_DATABASE_URL: url, TZ: zone, PGTZ: zone };
    expect((await call(['aggregate', '--end-dt', '2019-09-26'], { cwd, env })).code).toBe(0);
    await expectWhole();
    await db.run('drop table dash_visits, dash_engagement, zen_runs');
  }
});
