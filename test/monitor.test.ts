import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { ping } from '../src/nightly/ping.ts';
import { dayMs, lastMidnight } from '../src/time.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { freePort } from './support/postgres.ts';
import { call } from './support/zen.ts';

const midnight = lastMidnight(Date.now());
const hour = 3_600_000;
const events = (ago: number, number: number, event = 'show') =>
  Array.from({ length: number }, (_, at) => ({
    ts: midnight - ago * dayMs + hour + at * 1000,
    user_id: at,
    item_topic: 'topic',
    source_topic: 'source',
    age_segment: '18-25',
    event,
  }));
const unreachable = 'postgres://zen@127.0.0.1:1/log';

let url: string;
let cwd: string;
let db: Database;
const night = (...args: string[]) =>
  call(['nightly', '--out', 'zen.html', '--database', url, ...args], { cwd });

beforeEach(async () => {
  [url, cwd] = [newUrl(), temporaryFolder()];
  db = await openDatabase({ kind: 'server', url }, { create: true });
  for (const ago of [3, 2, 1]) await insertEvents(db, events(ago, 10));
});

afterEach(() => db.close());

describe('the metrics', () => {
  const file = () => readFileSync(join(cwd, 'metrics/zen.prom'), 'utf8');
  /** The value of each metric, by its name and labels. */
  const values = (): Record<string, number> =>
    Object.fromEntries(
      [...file().matchAll(/^(zen\S+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
    );
  const metrics = ['--metrics', 'metrics/zen.prom'];

  test('of a night are as Prometheus reads them: when, how long, how old, how many, and each check', async () => {
    const before = Date.now() / 1000;
    expect(await night(...metrics)).toMatchObject({ code: 0 });
    const after = Date.now() / 1000;
    const lines = file().trimEnd().split('\n');
    expect(
      lines.filter((line) => !/^(# (HELP|TYPE) zen_\w+ .+|zen_\w+(\{\w+="[^"]*"\})? -?[\d.e+]+)$/.test(line)),
    ).toEqual([]);
    const told = values();
    expect(told).toMatchObject({
      zen_nightly_exit_code: 0,
      zen_nightly_published: 1,
      zen_last_event_timestamp_seconds: (midnight - dayMs + hour + 9000) / 1000,
      zen_coverage_end_timestamp_seconds: midnight / 1000,
      zen_coverage_missing_seconds: 0,
      zen_aggregated_events: 30,
      'zen_aggregated_rows{aggregate="visits"}': 3,
      'zen_aggregated_rows{aggregate="engagement"}': 3,
      zen_page_rows: 6,
      'zen_check{check="events"}': 0,
      'zen_check{check="tables"}': 0,
    });
    const success = told.zen_nightly_last_success_timestamp_seconds ?? NaN;
    expect([success >= before, success <= after]).toEqual([true, true]);
    expect(told.zen_nightly_duration_seconds).toBeLessThan(after - before);
    expect(told.zen_last_event_age_seconds).toBeGreaterThanOrEqual(
      before - (midnight - dayMs + hour + 9000) / 1000,
    );
    expect(readdirSync(join(cwd, 'metrics'))).toEqual(['zen.prom']);
  });

  test('of a night that failed keep the last success, and say which check failed', async () => {
    await night(...metrics);
    const { zen_nightly_last_success_timestamp_seconds: success } = values();
    expect(await night(...metrics, '--min-events', '11')).toMatchObject({ code: 5 });
    expect(values()).toMatchObject({
      zen_nightly_exit_code: 5,
      zen_nightly_published: 0,
      zen_nightly_last_success_timestamp_seconds: success,
      'zen_check{check="feed"}': 2,
    });
    const gone = ['nightly', '--database', unreachable, ...metrics];
    expect(await call(gone, { cwd })).toMatchObject({ code: 3 });
    expect(values()).toMatchObject({
      zen_nightly_exit_code: 3,
      zen_nightly_last_success_timestamp_seconds: success,
    });
    expect(Object.keys(values()).filter((name) => /check|event|coverage/.test(name))).toEqual([]);
  });

  test('that cannot be written end a night with exit 1, once its page is published', async () => {
    mkdirSync(join(cwd, 'metrics/zen.prom'), { recursive: true });
    const { code, stdout, stderr } = await night(...metrics);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^Published /)]);
    expect(stderr).toMatch(/Cannot write .*zen\.prom: it is a folder\.\n$/);
  });
});

describe('a monitor', () => {
  /** One that writes down what it is asked, and what is sent with it. */
  const listen = async (status = 200) => {
    const asked: string[] = [];
    const monitor = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.writeHead(status).end('OK');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => monitor.once('listening', resolve));
    const address = `http://127.0.0.1:${(monitor.address() as AddressInfo).port}`;
    const close = async () => {
      await new Promise((resolve) => {
        monitor.close(resolve).closeAllConnections();
      });
    };
    return { asked, address, close };
  };

  test('hears of the start, and of success', async () => {
    const { asked, address, close } = await listen();
    expect(await night('--ping', `${address}/ping/a-b-c?create=1`)).toMatchObject({ code: 0 });
    expect(asked).toEqual(['GET /ping/a-b-c/start?create=1', 'GET /ping/a-b-c?create=1']);
    await close();
  });

  test('hears of a feed that has stopped in one night, and of no database that was reached', async () => {
    const { asked, address, close } = await listen();
    await db.run('delete from log_raw where ts >= $1::bigint', [midnight - dayMs]);
    const { code, stderr } = await night('--quiet', '--ping', `${address}/a/`);
    // The one line, which cron mails.
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(
        /^[^\n]* the last event is of [^\n]*T01:00:09Z, and nothing has come since\. Check the feed\.[^\n]*\n$/,
      ),
    ]);
    const gone = ['nightly', '--database', unreachable, '--ping', `${address}/b`];
    expect(await call(gone, { cwd })).toMatchObject({ code: 3 });
    expect(asked).toEqual(['GET /a/start', 'GET /a/5', 'GET /b/start', 'GET /b/3']);
    await close();
  });

  test.each([
    ['answers 500', async () => listen(500), 'it answered 500'],
    [
      'is not there',
      async () => ({ address: `http://127.0.0.1:${await freePort()}`, close: () => Promise.resolve() }),
      '(Error: )?connect ECONNREFUSED 127',
    ],
  ])('that %s fails no night, and its URL stands in no log', async (_, open, why) => {
    const { address, close } = await open();
    const { code, stderr } = await night('--ping', `${address}/s3cret`);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(` ping: The monitor of --ping was not reached: ${why}`),
    ]);
    expect(stderr).not.toContain('s3cret');
    await close();
  });

  test('that does not answer is left after a while', async () => {
    const monitor = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => monitor.once('listening', resolve));
    const { port } = monitor.address() as AddressInfo;
    expect(await ping(`http://127.0.0.1:${port}/`, '', 50)).toMatch(/timeout/);
    monitor.close().closeAllConnections();
  });

  test.each([
    ['ftp://example.com/a', 'is not a URL'],
    ['https://user:s3cret@example.com/a', 'holds a user or a password'],
  ])('is not %s', async (address, why) => {
    const { code, stderr } = await night('--ping', address);
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });
});

describe('a night', () => {
  test('that is quiet says nothing when all is well, and what is wrong when it is not', async () => {
    expect(await night('--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    const { code, stdout, stderr } = await night('--quiet', '--min-events', '11');
    expect([code, stdout]).toEqual([5, '']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('fewer than the 11 of --min-events')]);
  });

  test.each<[string, string[], number, string]>([
    ['is published', [], 0, 'published'],
    ['is not published', ['--min-events', '11'], 5, 'outcome'],
    ['reaches no server', ['--database', unreachable], 3, 'outcome'],
    ['has a wrong option', ['--keep', 'many'], 2, 'failure'],
    ['has an unknown option', ['--kep', '3'], 2, 'failure'],
  ])('that %s tells it in JSON, to the last line', async (_, args, code, key) => {
    const told = await night('--log-format', 'json', ...args);
    expect(told.code).toBe(code);
    const lines = `${told.stderr}${told.stdout}`.trim().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(Object.keys(parsed.at(code === 5 ? -2 : -1) ?? {})).toContain(key);
  });

  test('with --quiet and JSON tells its failure alone', async () => {
    const told = await night('--log-format', 'json', '--quiet', '--min-events', '11', '--json');
    expect(JSON.parse(told.stderr)).toMatchObject({ step: 'failed', exit: 5 });
  });

  test('may be kept by a warning, and its thresholds stand in zen.json', async () => {
    await insertEvents(db, events(1, 30, 'click'));
    expect(await night('--max-change', '5')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('check volume: passed'),
    });
    const kept = await night('--fail-on', 'warn');
    expect([kept.code, kept.stderr]).toEqual([
      5,
      expect.stringContaining('check volume: warned: The last day has 40 events'),
    ]);
    writeFileSync(
      join(cwd, 'zen.json'),
      '{ "nightly": { "max-change": 5, "fail-on": "warn", "min-events": 41 } }',
    );
    const few = await night();
    expect([few.code, few.stderr]).toEqual([5, expect.stringContaining('fewer than the 41 of --min-events')]);
    expect(await night('--min-events', '40')).toMatchObject({ code: 0 });
    expect(await night('--max-change', '1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('“1” is not a number above 1'),
    });
  });

  test('warns of a silence that is as long as is asked for', async () => {
    // An event each minute of three days, but for 30 minutes before the last noon.
    const [one] = events(1, 1);
    const noon = midnight - dayMs / 2;
    const busy = Array.from({ length: 3 * 1440 }, (_, at) => ({
      ...one,
      ts: midnight - (at + 1) * 60_000,
    })).filter(({ ts }) => ts < noon - hour / 2 || ts >= noon) as ReturnType<typeof events>;
    await insertEvents(db, busy);
    const silence = (text: string) => expect.stringContaining(`check silence: ${text}: `);
    expect(await night('--min-silence', '30m')).toMatchObject({ code: 0, stderr: silence('warned') });
    expect(await night('--min-silence', '31m')).toMatchObject({ code: 0, stderr: silence('passed') });
  });
});

test('any other command tells its failure in JSON, too, when it is asked for JSON', async () => {
  const told = await call(['aggregate', '--json', '--start-dt', '2019-13-01'], { cwd });
  expect([told.code, told.stdout, JSON.parse(told.stderr)]).toEqual([
    2,
    '',
    { error: expect.stringContaining('2019-13-01'), failure: 'usage', exit: 2 },
  ]);
  const gone = await call(['status', '--json', '--database', unreachable], { cwd });
  expect(JSON.parse(gone.stderr)).toEqual({
    error: expect.stringContaining('Cannot reach'),
    failure: 'unreachable',
    exit: 3,
  });
});
