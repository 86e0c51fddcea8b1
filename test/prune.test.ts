import { afterEach, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { plan, slice } from '../src/aggregate/plan.ts';
import { prune } from '../src/aggregate/prune.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import type { Database } from '../src/db/database.ts';
import type { Minute } from '../src/log/log.ts';
import { queryFacts } from '../src/render/data-quality.ts';
import { dayMs, parseTime } from '../src/time.ts';
import { kinds, newDatabase, newTarget, temporaryFolder } from './support/databases.ts';
import { dump, insertEvents, readVisits } from './support/log.ts';
import { countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { call } from './support/zen.ts';

const at = (time: string): Sample => ({
  ...{ ts: parseTime(time), user_id: 1, event: 'show' },
  ...{ item_topic: 'Наука', source_topic: 'Кино', age_segment: '18-25' },
});
const days = (first: number, end: number) => ({
  start: parseTime(`2026-11-0${first}`),
  end: parseTime(`2026-11-0${end}`),
});

/** Three events on the first day, two on the second, one on each of three more. */
const log = [
  ...['2026-11-01', '2026-11-01 12:00', '2026-11-01 23:59:59', '2026-11-02 00:00', '2026-11-02 23:00'].map(
    at,
  ),
  ...['2026-11-03 10:00', '2026-11-04 10:00', '2026-11-05 10:00'].map(at),
];
const late = at('2026-11-02 12:00');
const now = parseTime('2026-11-08 03:00');
/** The options that keep the days from the sixth on. */
const keep = 2 * dayMs;
const all = { dryRun: false, wait: 0 };

let db: Database;

afterEach(() => db.close());

const run = async (start: number, end: number, minute: Minute = 'floor') =>
  aggregate(db, await slice(db, [days(start, end)]), { minute, dryRun: false, jobs: 1, wait: 0 });
const times = async () =>
  (await db.query<{ ts: number }>('select ts from log_raw order by ts')).map(({ ts }) => ts);
const explicit = (start: number, end: number) => plan(db, { ...days(start, end), minute: 'floor' }, now);

describe.each(kinds)('on the %s database', (kind) => {
  /** Days one to three are aggregated, and then an event comes late to the second. */
  const open = async (events = log) => {
    db = await newDatabase(kind);
    await insertEvents(db, events);
    await run(1, 4);
  };

  test('of the log goes what is aggregated and has not changed since; nothing else', async () => {
    await open();
    await insertEvents(db, [late]);
    const before = await readVisits(db);
    const told = await prune(db, { ...all, raw: keep }, now);
    expect(told).toEqual({ events: 4, kept: [days(2, 3)], rows: { visits: 0, engagement: 0 } });
    const left = [log[3], late, ...log.slice(4, 5), ...log.slice(6)].flatMap((event) => event?.ts ?? []);
    expect(await times()).toEqual(left);
    expect(await readVisits(db)).toEqual(before);
    await run(2, 3);
    expect(await prune(db, { ...all, raw: keep }, now)).toMatchObject({ events: 3, kept: [] });
    expect(await times()).toEqual(log.slice(6).map(({ ts }) => ts));
    expect(await readVisits(db)).toEqual(countVisits([...log.slice(0, 6), late], 'floor'));
    expect(await prune(db, { ...all, raw: keep }, now)).toMatchObject({ events: 0, kept: [] });
  });

  test('what goes is not missed: not by status, not by a run that catches up or looks back', async () => {
    await open();
    await prune(db, { ...all, raw: keep }, now);
    const { changed, coverage, gaps } = await queryStatus(db, now);
    expect([changed, gaps, coverage]).toEqual([[], [], [{ ...days(1, 4), minute: 'floor' }]]);
    expect((await queryFacts(db, days(1, 4))).unseen).toBeNull();
    const again = await plan(db, { minute: 'floor', lookback: 30 * dayMs }, now);
    expect(again).toEqual([days(4, 8)]);
    await run(4, 8);
    expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
  });

  test('it is not aggregated to nothing, but anew when the log is restored', async () => {
    await open();
    await prune(db, { ...all, raw: keep }, now);
    await expect(explicit(2, 5)).rejects.toThrow(
      /^2026-11-02 00:00 up to, not including, 2026-11-04 00:00 UTC was pruned from the log/,
    );
    expect(await explicit(4, 5)).toEqual([days(4, 5)]);
    await insertEvents(db, log.slice(0, 6));
    expect(await explicit(1, 5)).toEqual([days(1, 5)]);
    await run(1, 5);
    expect(await readVisits(db)).toEqual(countVisits(log.slice(0, 7), 'floor'));
    await insertEvents(db, [late]);
    expect((await queryStatus(db, now)).changed).toHaveLength(1);
  });

  test('a dry run tells the same figures and does nothing', async () => {
    await open();
    const before = await queryStatus(db, now);
    const options = { raw: keep, aggregates: 6 * dayMs, wait: 0 };
    const told = await prune(db, { ...options, dryRun: true }, now);
    expect(told).toEqual({ events: 6, kept: [], rows: { visits: 3, engagement: 3 } });
    expect(await queryStatus(db, now)).toEqual(before);
    expect(await times()).toHaveLength(log.length);
    expect(await prune(db, { ...options, dryRun: false }, now)).toEqual(told);
  });

  test('the aggregates’ old days go, and no run makes them again', async () => {
    await open();
    expect(await prune(db, { ...all, aggregates: 6 * dayMs }, now)).toMatchObject({
      events: 0,
      rows: { visits: 3 },
    });
    expect((await queryStatus(db, now)).coverage).toEqual([{ ...days(2, 4), minute: 'floor' }]);
    await run(4, 6);
    expect(await plan(db, { minute: 'floor' }, parseTime('2026-11-06 01:00'))).toEqual([]);
    expect(await readVisits(db)).toEqual(countVisits(log.slice(3), 'floor'));
  });

  test('no day reaches back into those that went from the aggregates', async () => {
    await open();
    await run(4, 6);
    const reaches = async () =>
      (
        await db.query<{ row: string }>(
          "select distinct concat_ws(' ', extract(day from dt), reach) as row from dash_users order by 1",
        )
      ).map(({ row }) => row);
    expect(await reaches()).toEqual(['1 6', '2 6', '3 6', '4 6', '5 6']);
    await prune(db, { ...all, aggregates: 4 * dayMs }, now);
    expect(await reaches()).toEqual(['4 0', '5 1']);
  });

  test('an event belongs to the day of its minute, by the rule of the run', async () => {
    const edge = ['2026-11-01 12:00', '2026-11-01 23:59:45', '2026-11-02 12:00'].map(at);
    db = await newDatabase(kind);
    await insertEvents(db, edge);
    await run(1, 2, 'nearest');
    expect(await prune(db, { ...all, raw: 0 }, now)).toMatchObject({ events: 1, kept: [] });
    expect(await times()).toEqual(edge.slice(1).map(({ ts }) => ts));
  });
});

test('the command line prunes, and asks what', async () => {
  const target = newTarget('embedded');
  const cwd = temporaryFolder();
  const env = { ZEN_DATABASE_URL: target.kind === 'embedded' ? target.folder : '' };
  const command = (...args: string[]) => call([...args, '--json', '--quiet'], { cwd, env });
  db = await newDatabase('embedded'); // closed by afterEach
  expect(await command('prune', '--prune-raw', '30d')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('zen_runs'),
  });
  expect(await command('prune')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--prune-raw 30d'),
  });
  const file = join(cwd, 'log.sql');
  const evening = Array.from({ length: 2000 }, (_, second) => ({
    ...late,
    ts: parseTime('2019-09-24 18:20') + second * 1000,
  }));
  writeFileSync(file, dump(evening));
  expect(await command('restore', file, '--yes')).toMatchObject({ code: 0 });
  expect(await command('aggregate', '--end-dt', '2019-09-24 18:50')).toMatchObject({ code: 0 });
  const { stdout } = await command(
    'aggregate',
    '--start-dt',
    '2019-09-24',
    '--end-dt',
    '2019-09-24 18:50',
    '--dry-run',
  );
  const { events } = JSON.parse(stdout) as { events: number };
  expect(events).toBeGreaterThan(1000);
  const unasked = await command('prune', '--prune-raw', '30d');
  expect(unasked).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      new RegExp(`: Would prune ${events.toLocaleString('en')} events of .* Give --yes to delete them`),
    ),
  });
  const { code, stdout: told } = await command('prune', '--prune-raw', '30d', '--yes');
  expect([code, JSON.parse(told)]).toEqual([
    0,
    { dry_run: false, events, visits_rows: 0, engagement_rows: 0, kept: [] },
  ]);
});
