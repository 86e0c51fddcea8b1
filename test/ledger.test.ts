import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { AggregateOptions } from '../src/aggregate/aggregate.ts';
import { plan, slice } from '../src/aggregate/plan.ts';
import { prune } from '../src/aggregate/prune.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import { describeStatus } from '../src/cli/report.ts';
import type { Database, Session } from '../src/db/database.ts';
import { queryCovered, queryOutdated, queryRuns } from '../src/ledger/ledger.ts';
import { migrate } from '../src/ledger/migrations.ts';
import { inspectTables } from '../src/ledger/state.ts';
import { version } from '../src/files.ts';
import { parseTime } from '../src/time.ts';
import type { Window } from '../src/time.ts';
import { openServer } from '../src/db/server.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore } from '../src/restore/restore.ts';
import { kinds, newDatabase, newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { render } from './support/page.ts';

const floor: AggregateOptions = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 };
const hour = 3_600_000;

function at(time: string): Sample {
  const names = { item_topic: 'Наука', source_topic: 'Кино', age_segment: '18-25', event: 'show' };
  return { ts: parseTime(time), user_id: 1, ...names };
}

function between(start: string, end: string): Window {
  return { start: parseTime(start), end: parseTime(end) };
}

const log = [
  at('2019-09-21 10:00:30'),
  at('2019-09-22 23:59:59'),
  at('2019-09-23'),
  at('2019-09-24 18:00'),
  at('2019-09-25 00:00'),
];

let db: Database;

afterEach(() => db.close());

/** Makes the tables of zen as 0.1.0 had them: without a layout, rows in columns of their own, users of their own day alone. */
async function toFirstLayout(db: Database): Promise<void> {
  for (const text of [
    'comment on table zen_runs is null',
    'alter table zen_runs add column visits_rows bigint, add column engagement_rows bigint',
    `update zen_runs set visits_rows = (written ->> 'visits')::bigint,
       engagement_rows = (written ->> 'engagement')::bigint`,
    'alter table zen_runs drop column written, drop column statements',
    'alter table dash_users drop column reach',
  ])
    await db.run(text);
}

describe.each(kinds)('on the %s database', (kind) => {
  async function open(events: readonly Sample[] = log): Promise<void> {
    db = await newDatabase(kind);
    await insertEvents(db, events);
  }

  const due = (now: string, lookback?: number) => plan(db, { minute: 'floor', lookback }, parseTime(now));
  const run = async (windows: Window[], options: Partial<AggregateOptions> = {}) =>
    aggregate(db, await slice(db, windows), { ...floor, ...options });

  test('the days of a long window are not compared with each event, though the planner expects hardly any', async () => {
    await open([]);
    const fill = async (from: string, events: number, every: number) =>
      db.run(
        "insert into log_raw (ts, event) select $1::bigint + n * $3::bigint, 'show' from generate_series(1, $2::int) as n",
        [parseTime(from), events, every],
      );
    await db.run('alter table log_raw set (autovacuum_enabled = off)');
    await fill('2019-09-24', 100_000, 1000);
    await db.run('analyze log_raw');
    await fill('2020-01-01', 20_000, hour);
    const plans: string[] = [];
    const seen: Database = {
      ...db,
      transaction: (work) =>
        db.transaction((session) =>
          work({
            run: (...args) => session.run(...args),
            copy: (...args) => session.copy(...args),
            describe: (...args) => session.describe(...args),
            query: async (text, values) => {
              if (text.includes('generate_series'))
                for (const row of await session.query<object>(`explain ${text}`, values))
                  plans.push(Object.values(row).join());
              return session.query(text, values);
            },
          }),
        ),
    };
    const pieces = await slice(seen, [between('2020-01-01', '2023-01-01')]);
    expect(pieces).toHaveLength(Math.floor(20_000 / 24) + 1);
    expect(plans.join('\n')).toMatch(/Hash Join[^]*log_raw/);
    expect(plans.join('\n')).not.toMatch(/Nested Loop/);
  });

  test('a log of days that is aggregated years later takes no more statements than on the next day', async () => {
    const countStatements = async (now: string) => {
      await open();
      let statements = 0;
      const count = (session: Session): Session => ({
        ...session,
        query: (...args) => ((statements += 1), session.query(...args)),
        run: (...args) => ((statements += 1), session.run(...args)),
      });
      const counted: Database = {
        ...db,
        ...count(db),
        transaction: (work, options) => db.transaction((session) => work(count(session)), options),
        reserve: (work) => db.reserve((session) => work(count(session))),
      };
      const windows = await plan(counted, { minute: 'floor' }, parseTime(now));
      await aggregate(counted, await slice(counted, windows), { ...floor, users: true, catchUp: true });
      await queryStatus(counted, parseTime(now));
      expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
      await db.close();
      return statements;
    };
    const next = await countStatements('2019-09-26');
    expect(next).toBeGreaterThan(100);
    expect(await countStatements('2026-09-26')).toBeLessThan(next + 10);
  });

  test('rows of an impossible time are looked for by the index, however long the tables are', async () => {
    await open();
    await run([between('2019-09-21', '2019-09-26')]);
    await db.run(
      `insert into dash_visits (dt, visits) select timestamp '2020-01-01' + n % 300 * interval '1 minute', 1
       from generate_series(1, 60000) as n`,
    );
    await db.run('vacuum analyze dash_visits');
    const plans: string[] = [];
    const seen: Database = {
      ...db,
      query: async (text, values) => {
        if (text.includes("'infinity'"))
          for (const row of await db.query<object>(`explain ${text}`, values))
            plans.push(Object.values(row).join());
        return db.query(text, values);
      },
    };
    await inspectTables(seen, { reads: ['dash_visits'] });
    expect(plans.join('\n')).toMatch(/Index Cond: .*infinity/);
    expect(plans.join('\n')).not.toMatch(/Filter/);
    await db.run("update dash_visits set dt = 'infinity' where dt = '2020-01-01 00:07'");
    await expect(inspectTables(db, { reads: ['dash_visits'] })).rejects.toThrow(/an impossible time/);
  });

  test('without dates a run catches up: from the first event, then from where the last one ended, to the last midnight', async () => {
    await open();
    expect(await due('2019-09-23 09:00')).toEqual([between('2019-09-21 10:00', '2019-09-23')]);
    await run(await due('2019-09-23 09:00'));
    expect(await due('2019-09-23 23:59')).toEqual([]);
    const nights = await due('2019-09-26 00:00');
    expect(nights).toEqual([between('2019-09-23', '2019-09-26')]);
    await run(nights);
    expect(await due('2019-09-26 12:00')).toEqual([]);
    expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
  });

  test('a hole that was left is made up, and lookback reads the end again', async () => {
    await open();
    await run([between('2019-09-21', '2019-09-22'), between('2019-09-23', '2019-09-24')]);
    const hole = between('2019-09-22', '2019-09-23');
    const rest = between('2019-09-24', '2019-09-25');
    expect(await due('2019-09-25 01:00')).toEqual([hole, rest]);
    expect(await due('2019-09-25 01:00', 6 * hour)).toEqual([
      hole,
      between('2019-09-23 18:00', '2019-09-25'),
    ]);
    expect(await due('2019-09-25 01:00', 240 * hour)).toEqual([between('2019-09-21', '2019-09-25')]);
  });

  test('what a restored log has is aggregated again, be it newer, older or another one', async () => {
    const folder = temporaryFolder();
    const restoreLog = async (events: readonly Sample[]) => {
      const file = join(folder, 'log.csv');
      const lines = events.map(
        (one) => `${one.ts},${one.user_id ?? ''},${one.item_topic ?? ''},Кино,18-25,show\n`,
      );
      writeFileSync(file, `ts,user_id,item_topic,source_topic,age_segment,event\n${lines.join('')}`);
      const backup = await openBackup(file);
      await restore(db, backup, { append: false });
      await backup.close();
    };
    db = await newDatabase(kind);
    const [first, noon] = [at('2019-09-21 10:00:30'), at('2019-09-22 12:00')];
    await restoreLog([first, noon]);
    await run(await due('2019-09-24 01:00'));
    expect(await due('2019-09-24 01:00')).toEqual([]);
    const newer = [first, noon, at('2019-09-22 20:00'), at('2019-09-24 08:00')];
    await restoreLog(newer);
    expect((await queryStatus(db, parseTime('2019-09-25'))).coverage).toEqual([]);
    await run(await due('2019-09-25 01:00'));
    expect(await readVisits(db)).toEqual(countVisits(newer, 'floor'));
    const older = [at('2019-09-19 10:00'), { ...first, item_topic: 'Еда' }];
    await restoreLog(older);
    await run(await due('2019-09-25 01:00'));
    // Of what the log has nothing of any more stays what was aggregated.
    expect(await readVisits(db)).toEqual(countVisits([...older, ...newer.slice(1)], 'floor'));
    expect(await due('2019-09-25 01:00')).toEqual([]);
  });

  test('what is yet to come is not covered', async () => {
    await open();
    const tomorrow = Date.now() + 24 * hour;
    await run([{ start: parseTime('2019-09-21'), end: tomorrow }]);
    const [covered] = await queryCovered(db);
    expect(covered?.start).toBe(parseTime('2019-09-21'));
    expect(covered?.end).toBeLessThanOrEqual(Date.now());
    expect(covered?.end).toBeGreaterThan(Date.now() - hour);
    await run([{ start: tomorrow, end: tomorrow + hour }]);
    expect(await queryCovered(db)).toEqual([covered]);
  });

  test('each day is a row of the ledger, and a later one overrides', async () => {
    await open();
    expect(await run([between('2019-09-20', '2019-09-25')])).toEqual({
      events: 4,
      rows: { visits: 4, engagement: 4 },
      kept: [],
      madeUp: [],
    });
    const runs = await queryRuns(db, 10);
    expect(runs.map(({ start, end }) => ({ start, end }))).toEqual([
      between('2019-09-24', '2019-09-25'),
      between('2019-09-23', '2019-09-24'),
      between('2019-09-22', '2019-09-23'),
      between('2019-09-20', '2019-09-22'),
    ]);
    expect(runs[0]).toMatchObject({
      minute: 'floor',
      events: 1,
      written: { visits: 1, engagement: 1 },
      outcome: 'done',
      error: null,
      zen_version: version(),
    });
    expect(Math.abs(Date.now() - (runs[0]?.finished ?? 0))).toBeLessThan(60_000);
    await run([between('2019-09-22 12:00', '2019-09-23 12:00')], { minute: 'nearest' });
    expect(await queryCovered(db)).toEqual([
      { ...between('2019-09-20', '2019-09-22 12:00'), minute: 'floor' },
      { ...between('2019-09-22 12:00', '2019-09-23 12:00'), minute: 'nearest' },
      { ...between('2019-09-23 12:00', '2019-09-25'), minute: 'floor' },
    ]);
    expect((await queryStatus(db, Date.now())).changed).toEqual([]);
  });

  test('words about an aggregate are no new statement: the ledger keeps the hash of what is run', async () => {
    await open();
    await run([between('2019-09-21', '2019-09-22')]);
    const hashOf = (name: string) => {
      const lines = readFileSync(`sql/aggregates/${name}.sql`, 'utf8').trim().split('\n');
      const code = lines.filter((line) => !line.startsWith('--'));
      return createHash('sha256').update(code.join('\n')).digest('hex');
    };
    expect(await db.query('select statements from zen_runs')).toEqual([
      { statements: { visits: hashOf('visits'), engagement: hashOf('engagement') } },
    ]);
  });

  test('a dry run leaves no row, and a run that fails one with the reason', async () => {
    await open();
    await run([between('2019-09-21', '2019-09-22')]);
    await run([between('2019-09-22', '2019-09-23')], { dryRun: true });
    await db.run('alter table dash_engagement add check (unique_users <> 1) not valid');
    await expect(run([between('2019-09-22', '2019-09-23')])).rejects.toThrow('violates check constraint');
    const [failed, done] = await queryRuns(db, 10);
    expect(failed).toMatchObject({ ...between('2019-09-22', '2019-09-23'), outcome: 'failed', events: null });
    expect(failed?.error).toContain('violates check constraint');
    expect(done).toMatchObject({ ...between('2019-09-21', '2019-09-22'), outcome: 'done' });
    expect(await readVisits(db)).toEqual(countVisits(log.slice(0, 1), 'floor'));
  });

  test('a table of another version is named, with what to do', async () => {
    await open();
    await db.run('create table dash_users (dt timestamp, event varchar(128), users bigint)');
    await expect(run([between('2019-09-21', '2019-09-22')], { users: true })).rejects.toThrow(
      /refused: column dash_users\.\w+ does not exist\. The table is not as this zen would make it: drop it, and aggregate again\.$/,
    );
    await db.run('drop table dash_users');
    await run([between('2019-09-21', '2019-09-22')], { users: true });
    expect(await readVisits(db)).toEqual(countVisits(log.slice(0, 1), 'floor'));
    await db.run('alter table dash_users drop column reach');
    await expect(render(db, { locale: 'en' })).rejects.toThrow(
      'dash_users.reach does not exist. The table is not as',
    );
  });

  test('the tables of zen 0.1.0 are brought to this layout in one transaction, and nothing is aggregated anew', async () => {
    await open();
    await run([between('2019-09-20', '2019-09-24')]);
    const before = [await queryRuns(db, 10), await queryCovered(db), await readVisits(db)];
    await toFirstLayout(db);
    expect(await migrate(db)).toMatch(/^The tables of an older zen were brought to the layout of zen \S+\.$/);
    expect([await queryRuns(db, 10), await queryCovered(db), await readVisits(db)]).toEqual(before);
    expect(await queryOutdated(db)).toEqual([]);
    expect(await plan(db, { minute: 'floor', end: parseTime('2019-09-24') }, 0)).toEqual([]);
    expect(await db.query('select distinct reach from dash_users')).toEqual([{ reach: 0 }]);
    expect(await migrate(db)).toBeUndefined();
    await run([between('2019-09-24', '2019-09-25')], { users: true });
    expect(await queryCovered(db)).toEqual([{ ...between('2019-09-20', '2019-09-25'), minute: 'floor' }]);
  });

  test('the tables of zen are made all or none: a run that was stopped half way is made up by the next', async () => {
    db = await newDatabase(kind);
    await insertEvents(db, log);
    await db.run('create view dash_users as select 1 as one'); // which has no place for a column
    const day = between('2019-09-22', '2019-09-23');
    await expect(aggregate(db, [day], { ...floor, users: false })).rejects.toThrow('dash_users');
    expect(
      await db.query("select to_regclass('zen_runs') as runs, to_regclass('dash_visits') as visits"),
    ).toEqual([{ runs: null, visits: null }]);
    await db.run('drop view dash_users');
    await aggregate(db, [day], floor);
    expect(await queryCovered(db)).toMatchObject([day]);
  });

  test('a layout is told by the columns where the comment is lost; tables of a newer zen are refused', async () => {
    await open();
    await run([between('2019-09-20', '2019-09-24')]);
    await db.run('comment on table zen_runs is null');
    expect(await migrate(db)).toBeUndefined();
    await db.run("comment on table zen_runs is 'The ledger of zen, layout 999.'");
    await expect(inspectTables(db, { reads: [] })).rejects.toThrow(
      /^The tables of this database are of a newer zen \(layout 999; this one knows \d+\)\. Install that zen\.$/,
    );
  });

  test('an aggregate whose statement has changed is told, and caught up with; what was pruned stays as it is', async () => {
    await open();
    await run([between('2019-09-20', '2019-09-24')]);
    const edited = `update zen_runs set statements = jsonb_set(statements, '{engagement}', '"older"') where start_dt < '2019-09-23'`;
    await db.run(edited);
    const table = 'dash_engagement';
    expect((await queryStatus(db, 0)).outdated).toEqual([{ ...between('2019-09-20', '2019-09-23'), table }]);
    const options = { minute: 'floor' as const, end: parseTime('2019-09-24') };
    expect(await plan(db, options, 0)).toEqual([between('2019-09-20', '2019-09-23')]);
    await run([between('2019-09-20', '2019-09-23')]);
    expect((await queryStatus(db, 0)).outdated).toEqual([]);
    await db.run(edited);
    await prune(db, { raw: 0, dryRun: false, wait: 0 }, parseTime('2019-09-23'));
    expect(await plan(db, options, 0)).toEqual([]);
  });

  test('status tells where people are not counted, when they are elsewhere', async () => {
    await open();
    const uncounted = async () => (await queryStatus(db, 0)).uncounted;
    await run([between('2019-09-21', '2019-09-25')], { users: false });
    expect(await uncounted()).toEqual([]);
    await run([between('2019-09-22', '2019-09-23')], { users: true });
    expect(await uncounted()).toEqual([
      between('2019-09-21', '2019-09-22'),
      between('2019-09-23', '2019-09-25'),
    ]);
    await run([between('2019-09-23', '2019-09-25')], { users: true });
    expect(await uncounted()).toEqual([between('2019-09-21', '2019-09-22')]);
  });

  test.each(['dash_visits', 'dash_engagement'])(
    'status tells the rest where %s was dropped',
    async (table) => {
      await open();
      await run([between('2019-09-21', '2019-09-22')]);
      await db.run(`drop table ${table}`);
      expect(await queryStatus(db, 0)).toMatchObject({ silences: [], gaps: [], uncounted: [] });
    },
  );

  test('status tells what is covered, the holes, and the minutes whose events changed since', async () => {
    await open();
    expect(await queryStatus(db, 0)).toMatchObject({
      coverage: [],
      gaps: [],
      changed: [],
      age: null,
      runs: [],
    });
    await run([between('2019-09-21', '2019-09-22'), between('2019-09-23', '2019-09-25')]);
    await insertEvents(db, [at('2019-09-23 00:00:59'), at('2019-09-23 00:01'), at('2019-09-22 12:00')]);
    await db.run('delete from log_raw where ts = $1', [parseTime('2019-09-24 18:00')]);
    const status = await queryStatus(db, parseTime('2019-09-25 06:00'));
    expect(status).toMatchObject({
      first: parseTime('2019-09-21 10:00:30'),
      last: parseTime('2019-09-25'),
      gaps: [between('2019-09-22', '2019-09-23')],
      age: 6 * hour,
      changed: [
        { ...between('2019-09-23 00:00', '2019-09-23 00:02'), events: 3, visits: 1 },
        { ...between('2019-09-24 18:00', '2019-09-24 18:01'), events: 0, visits: 1 },
      ],
    });
    expect(status.coverage.map(({ start, end }) => ({ start, end }))).toEqual([
      between('2019-09-21', '2019-09-22'),
      between('2019-09-23', '2019-09-25'),
    ]);
  });

  test.each([
    ['the one day of a log', 1, '2019-10-01'],
    ['the last day of ten', 10, '2019-10-10'],
    ['a day of a month', 30, '2019-10-15'],
  ])('thirty runs over %s leave the tables at most 1.3 times as large', async (_, days, day) => {
    await open();
    const start = parseTime('2019-10-01');
    await db.run(
      `insert into log_raw (ts, user_id, item_topic, age_segment, event)
       select $1::bigint + at * 432000, at % 97, 'topic ' || at % 7, 'age ' || at % 5, 'show'
       from generate_series(0, $2::bigint * 200 - 1) as at`,
      [start, days],
    );
    await run([{ start, end: start + days * 24 * hour }], { users: true });
    const sizes = async () => {
      const tables = ['dash_visits', 'dash_engagement', 'dash_users'];
      const parts = tables.map((table) => `select pg_total_relation_size(to_regclass('${table}')) as bytes`);
      return db.query<{ bytes: number }>(parts.join(' union all '));
    };
    const before = await sizes();
    for (let again = 0; again < 30; again++) {
      await run([{ start: parseTime(day), end: parseTime(day) + 24 * hour }], { users: true });
      const after = await sizes();
      const grown = after.map(({ bytes }, at) => bytes / (before[at]?.bytes ?? NaN));
      expect(grown.filter((of) => of > 1.3)).toEqual([]);
    }
  });

  test('a run over what is aggregated writes the minutes that differ, and no other; a name may be missing', async () => {
    await open([]);
    const day = between('2019-09-21', '2019-09-22');
    const [early, late] = [at('2019-09-21 10:00'), { ...at('2019-09-21 11:00'), item_topic: null }];
    await insertEvents(db, [early, late, late]);
    const rows = async (table: string) =>
      db.query<{ record_id: number; minute: string }>(
        `select record_id, to_char(dt, 'HH24:MI') as minute from ${table} order by record_id`,
      );
    const both = async () => [await rows('dash_visits'), await rows('dash_engagement')];
    expect(await run([day])).toMatchObject({ events: 3, rows: { visits: 2, engagement: 2 } });
    const made = await both();
    expect(await run([day])).toMatchObject({ events: 3, rows: { visits: 2, engagement: 2 } });
    expect(await both()).toEqual(made);
    await insertEvents(db, [{ ...early, user_id: 2 }]);
    expect(await run([day])).toMatchObject({ events: 4, rows: { visits: 2, engagement: 2 } });
    const ofLate = (some: { minute: string }[]) => some.filter(({ minute }) => minute === '11:00');
    const again = await both();
    expect(again.map(ofLate)).toEqual(made.map(ofLate));
    expect(again.map((some) => some.at(-1))).toEqual([
      { record_id: 3, minute: '10:00' },
      { record_id: 3, minute: '10:00' },
    ]);
    const counted = [early, late, late, { ...early, user_id: 2 }];
    expect(await readVisits(db)).toEqual(countVisits(counted, 'floor'));
    expect(await readEngagement(db)).toEqual(countEngagement(counted, 'floor'));
  });

  // Half a million events take the embedded database a quarter of a minute, and the statements are the same.
  (kind === 'server' ? test : test.skip)(
    'status compares no log of more than 500,000 events, unless it is to look deep',
    async () => {
      await open();
      const now = parseTime('2019-09-25 06:00');
      await db.run(
        "insert into log_raw (ts, event) select $1::bigint + at, 'show' from generate_series(1, 499995) as at",
        [parseTime('2019-09-24 18:00:30')],
      );
      await run([between('2019-09-21', '2019-09-25')], { users: false });
      await db.run('delete from log_raw where ts = $1', [parseTime('2019-09-23')]);
      await insertEvents(db, [at('2019-09-23 00:01')]);
      const changed = { ...between('2019-09-23 00:00', '2019-09-23 00:02'), events: 1, visits: 1 };
      expect((await queryStatus(db, now)).changed).toEqual([changed]);
      await insertEvents(db, [at('2019-09-25 01:00')]);
      const long = await queryStatus(db, now);
      expect(long.changed).toBeNull();
      expect(describeStatus(long, '')).toContain(
        '\nThe log has more than 500,000 events, and was not compared with the tables. zen status --deep does it.\n',
      );
      expect(await queryStatus(db, now, true)).toEqual({ ...long, changed: [changed] });
      // Its ends are found, too, where the tables begin earlier.
      await db.run('delete from log_raw where ts < $1', [parseTime('2019-09-23')]);
      await insertEvents(db, [at('2019-09-25 02:00'), at('2019-09-25 02:00')]);
      const ends = { first: parseTime('2019-09-23 00:01'), last: parseTime('2019-09-25 02:00') };
      expect(await queryStatus(db, now)).toMatchObject({ changed: null, ...ends });
    },
  );
});

test('a role that may neither make tables nor see a ledger aggregates into those that are there', async () => {
  const url = new URL(newUrl());
  db = await openServer(url.href, { create: true });
  await insertEvents(db, log);
  await aggregate(db, [between('2019-09-21', '2019-09-22')], floor);
  await db.run('drop table zen_runs');
  url.username = `role${url.pathname.slice(1)}`;
  await db.run(`create role ${url.username} login`);
  await db.run(`grant select on log_raw to ${url.username}`);
  await db.run(`grant select, insert, delete on dash_visits, dash_engagement to ${url.username}`);
  const limited = await openServer(url.href);
  const windows = await plan(limited, floor, parseTime('2019-09-26'));
  expect(windows).toEqual([between('2019-09-21 10:00', '2019-09-26')]);
  await expect(aggregate(limited, windows, floor)).rejects.toThrow(
    'permission denied for sequence dash_visits_record_id_seq. Grant that right (docs/operate.md: Rights).',
  );
  await db.run(`grant usage on all sequences in schema public to ${url.username}`);
  await aggregate(limited, windows, floor);
  await limited.close();
  expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
});
