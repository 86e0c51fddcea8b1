// Aggregates the fixture's day, repeated on the days that follow, beside a bare scan, the original's way (with its pandas, and
// in Node), and DuckDB.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aggregate } from '../../src/aggregate/aggregate.ts';
import type { AggregateOptions } from '../../src/aggregate/aggregate.ts';
import { plan, slice } from '../../src/aggregate/plan.ts';
import type { Database } from '../../src/db/database.ts';
import { openServer } from '../../src/db/server.ts';
import { dayMs, isoTime } from '../../src/time.ts';
import type { Window } from '../../src/time.ts';
import { startServer } from '../../test/support/postgres.ts';
import { openDuck } from './duck.ts';
import type { Duck } from './duck.ts';
import { median } from './measure.ts';
import { aggregateOriginally } from './original.ts';
import { openPandas } from './pandas.ts';
import type { Pandas } from './pandas.ts';

/** Days of the log: 0.3, 3 and 10 million events. */
const sizes = [1, 10, 31];

/** The original keeps every row in memory, which Node has no room for at the largest size. */
const mostOriginal = 10;

/** Days whose events are spread over 24 hours. */
const spreadDays = 10;

const rounds = 5;
const first = Date.parse('2019-09-24');

interface Bench {
  db: Database;
  url: string;
  window: Window;
  duck: Duck | undefined;
  pandas: Pandas | undefined;
}

type Contestants = Record<string, () => Promise<unknown>>;

/** @param bin the folder of PostgreSQL's programs */
export async function benchAggregate(bin: string): Promise<void> {
  const server = await startServer(bin);
  const folder = mkdtempSync(join(tmpdir(), 'zen-bench-'));
  const duck = await openDuck();
  const url = server.url.replace('/postgres', '/aggregate');
  execFileSync(process.execPath, [
    'bin/zen.js',
    'restore',
    'fixtures/zen.dump',
    '--create',
    '--yes',
    '--quiet',
    '--database',
    url,
  ]);
  const db = await openServer(url);
  const pandas = await openPandas(url);
  try {
    for (const [index, days] of sizes.entries()) {
      const events = await grow(db, sizes[index - 1] ?? 1, days);
      if (duck) await handOver(bin, url, join(folder, 'log.csv'), duck);
      const window = { start: first, end: first + days * dayMs };
      report(events, await race(db, contest({ db, url, window, duck, pandas }, days <= mostOriginal)));
      if (days > 1) await benchNight(db, window, 'a night');
    }
    await spread(db, spreadDays);
    await clear(db);
    await benchPeople(db, { start: first, end: first + dayMs }, 'a day, spread over 24 hours');
    await benchNight(db, { start: first, end: first + spreadDays * dayMs }, 'a night, spread over 24 hours');
  } finally {
    pandas?.close();
    await db.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const jobs = Math.min(availableParallelism(), 4);
const options = { minute: 'floor', dryRun: false, jobs, wait: 0 } as const;

/** The last day, as cron does it, when those before it are done: its people are told from theirs. */
async function benchNight(db: Database, window: Window, title: string): Promise<void> {
  await run(db, window, true);
  await benchPeople(db, { start: window.end - dayMs, end: window.end }, title);
}

/** A window without people, and with them. */
async function benchPeople(db: Database, window: Window, title: string): Promise<void> {
  const seconds: { without: number; with: number }[] = [];
  for (let round = 0; round < rounds; round++)
    seconds.push({ without: await run(db, window, false), with: await run(db, window, true) });
  const [without, people] = [seconds.map((one) => one.without), seconds.map((one) => one.with)];
  const ratio = median(seconds.map((one) => one.with / one.without)).toFixed(2);
  console.log(
    `  ${title}, ${median(without).toFixed(3)} s; with people ${median(people).toFixed(3)} s, ratio ${ratio}`,
  );
}

async function run(db: Database, window: Window, users: boolean): Promise<number> {
  const started = performance.now();
  await aggregate(db, await slice(db, [window]), { ...options, users });
  return (performance.now() - started) / 1000;
}

async function clear(db: Database): Promise<void> {
  for (const table of ['dash_visits', 'dash_engagement', 'dash_users', 'zen_runs'])
    await db.run(`truncate ${table}`);
}

/** Keeps so many days, and gives their events, which are of half an hour, any time of their day. */
async function spread(db: Database, days: number): Promise<void> {
  await db.run(
    `create table spread as
     select event_id, age_segment, event, item_id, item_topic, item_type, source_id, source_topic, source_type,
       ts - ts % $1::bigint + event_id * 2654435761 % $1::bigint as ts, user_id
     from log_raw where ts < $2::bigint order by ts - ts % $1::bigint + event_id * 2654435761 % $1::bigint`,
    [dayMs, first + days * dayMs],
  );
  await db.run('truncate log_raw');
  await db.run('insert into log_raw select * from spread');
  await db.run('drop table spread');
  await db.run('vacuum analyze log_raw');
}

/** Repeats the first day's events on the days from `from` to `to`, with other users. */
async function grow(db: Database, from: number, to: number): Promise<number> {
  for (let day = from; day < to; day++) {
    await db.run(
      `insert into log_raw
       select event_id, age_segment, event, item_id, item_topic, item_type, source_id, source_topic, source_type,
         ts + $1::bigint, user_id + $2::bigint
       from log_raw where ts < $3::bigint`,
      [day * dayMs, day, first + dayMs],
    );
  }
  await db.run('vacuum analyze log_raw');
  return (await db.query<{ events: number }>('select count(*) as events from log_raw'))[0]?.events ?? NaN;
}

async function handOver(bin: string, url: string, file: string, duck: Duck): Promise<void> {
  const columns = 'item_topic, source_topic, age_segment, event, ts, user_id';
  await promisify(execFile)(join(bin, 'psql'), [
    '-qc',
    `\\copy (select ${columns} from log_raw) to '${file}' (format csv, header)`,
    url,
  ]);
  await duck.load(file);
}

function contest({ db, url, window, duck, pandas }: Bench, original: boolean): Contestants {
  const aggregateAll = async (own: Partial<AggregateOptions> = {}) => {
    const windows = await plan(db, { ...options, ...window }, Date.now());
    return aggregate(db, await slice(db, windows), { ...options, users: false, ...own });
  };
  const [start, end] = [isoTime(window.start), isoTime(window.end)];
  return {
    zen: () => aggregateAll(),
    single: () => aggregateAll({ jobs: 1 }),
    users: () => aggregateAll({ users: true }),
    process: () =>
      promisify(execFile)(process.execPath, [
        'bin/zen.js',
        'aggregate',
        '--quiet',
        '--no-users',
        '--database',
        url,
        '--start-dt',
        start,
        '--end-dt',
        end,
      ]),
    scan: () =>
      db.query('select count(*) from log_raw where ts >= $1 and ts < $2', [window.start, window.end]),
    ...(original && pandas && { pandas: () => pandas.aggregate(window) }),
    ...(original && { original: () => aggregateOriginally(db, window) }),
    ...(duck && { duck: () => duck.aggregate(window) }),
  };
}

/** Seconds of each contestant in each round; who begins changes from round to round. */
async function race(db: Database, contestants: Contestants): Promise<Record<string, number[]>> {
  const names = Object.keys(contestants);
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  const held = new Set<string>();
  await aggregate(db, [], options); // makes the tables
  for (let round = 0; round <= rounds; round++) {
    for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
      await clear(db);
      const started = performance.now();
      await contestants[name]?.();
      if (round > 0) seconds[name]?.push((performance.now() - started) / 1000);
      if (round === 0 && name !== 'scan' && name !== 'duck') held.add(await digest(db));
    }
  }
  if (held.size !== 1) throw new Error('The contestants do not agree.');
  return seconds;
}

/** Reads what both tables hold, in one text. */
async function digest(db: Database): Promise<string> {
  const rows = await db.query(
    `select
       (select md5(string_agg(concat_ws('|', dt, item_topic, source_topic, age_segment, visits), ',' order by dt, item_topic, source_topic, age_segment)) from dash_visits) as visits,
       (select md5(string_agg(concat_ws('|', dt, item_topic, event, age_segment, unique_users), ',' order by dt, item_topic, event, age_segment)) from dash_engagement) as engagement`,
  );
  return JSON.stringify(rows);
}

const titles: Record<string, string> = {
  zen: 'zen',
  single: 'zen, one connection',
  users: 'zen, with people',
  process: 'zen, whole process',
  scan: 'bare scan',
  pandas: 'the original’s pandas',
  original: 'the same in Node',
  duck: 'DuckDB in memory',
};

function report(events: number, seconds: Record<string, number[]>): void {
  console.log(`aggregate, ${events.toLocaleString('en-US')} events, ${jobs} jobs:`);
  const zen = seconds.zen ?? [];
  for (const [name, times] of Object.entries(seconds)) {
    const each = `${((median(times) / events) * 1e6).toFixed(2)} µs an event`;
    const ratio = median(zen.map((time, round) => (times[round] ?? NaN) / time)).toFixed(2);
    console.log(
      `  ${(titles[name] ?? name).padEnd(21)} ${median(times).toFixed(3).padStart(8)} s, ${each}, ${ratio} × zen`,
    );
  }
}
