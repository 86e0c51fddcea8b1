import { beforeEach, describe, expect, test } from '@jest/globals';
import { execFile, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { runChecks } from '../src/nightly/checks.ts';
import { dayMs, isoTime, lastMidnight } from '../src/time.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { until } from './support/until.ts';
import { call, zen } from './support/zen.ts';

const midnight = lastMidnight(Date.now());
const hour = 3_600_000;
const events = (day: number, number: number, event = 'show') =>
  Array.from({ length: number }, (_, at) => ({
    ts: midnight - day * dayMs + hour + at * 1000,
    user_id: at,
    item_topic: `topic ${at % 3}`,
    source_topic: 'source',
    age_segment: '18-25',
    event,
  }));

let url: string;
let db: Database;
let cwd: string;
const nightly = (...args: string[]) =>
  call(['nightly', '--out', 'zen.html', '--database', url, ...args], { cwd });
const page = () => readFileSync(join(cwd, 'zen.html'), 'utf8');

beforeEach(async () => {
  [url, cwd] = [newUrl(), temporaryFolder()];
  db = await openDatabase({ kind: 'server', url }, { create: true });
  for (const day of [3, 2, 1]) await insertEvents(db, events(day, 10));
});

describe('a night', () => {
  test('aggregates what is missing and publishes it; run again, it does nothing twice', async () => {
    const first = await nightly();
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(/^Published .*zen\.html: .*; 7 of 7 checks passed, in [\d.]+ s\.\n$/);
    const payload = readPayload(page());
    const { start, end } = payload;
    expect([end, cellsOf(payload, 'visits').sums.at(-1)]).toEqual([midnight, 30]);
    expect(start).toBe(midnight - 3 * dayMs + hour);
    const before = page();
    expect(await nightly()).toMatchObject({ code: 0 });
    expect(page()).toBe(before);
    await insertEvents(db, events(0.5, 5));
    expect(await nightly('--last', '1d', '--heal', '0')).toMatchObject({ code: 5 }); // events of a day that was aggregated
    await db.close();
  });

  test('tells its steps as lines of JSON under one run', async () => {
    const { code, stderr, stdout } = await nightly('--log-format', 'json', '--json');
    expect(code).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { run: string; step: string });
    expect(lines.map(({ step }) => step).filter((step) => step !== 'note')).toEqual([
      'aggregate',
      'check events',
      'check coverage',
      'check feed',
      'check silence',
      'check funnel',
      'check volume',
      'check tables',
      'render',
    ]);
    expect(new Set(lines.map(({ run }) => run)).size).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      run: lines[0]?.run,
      published: true,
      aggregated: { events: 30 },
    });
    await db.close();
  });

  test('notes where two minute rules meet', async () => {
    expect((await nightly()).stderr).not.toMatch(/ note: (?!This role is a superuser)/);
    const { code, stderr } = await nightly('--lookback', '1d', '--minute', 'nearest');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      / note: .* is aggregated with --minute floor, this run with nearest: where they meet, an event may be counted twice, or not at all\.\n/,
    );
    await db.close();
  });

  test('keeps yesterday’s page when the log has changed, unless forced, and is healed by looking back', async () => {
    await nightly();
    const before = page();
    await insertEvents(
      db,
      events(2, 4).map((event) => ({ ...event, ts: event.ts + hour })),
    );
    const refused = await nightly('--heal', '0');
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('The log has 4 events, but the tables have 0');
    expect(refused.stderr).toContain(
      'Run zen status --deep to see what to aggregate again, or publish with a warning: --force.',
    );
    expect(page()).toBe(before);
    const forced = await nightly('--force', '--heal', '0');
    expect(forced).toMatchObject({ code: 0 });
    expect(page()).toContain('<p class="notice" role="status">The log has 4 events, but the tables have 0');
    expect(await nightly('--lookback', '5d')).toMatchObject({ code: 0 });
    expect(page()).not.toContain('<p class="notice" role="status">The log');
    expect(cellsOf(readPayload(page()), 'visits').sums.at(-1)).toBe(34);
    await db.close();
  });

  test('does not publish tables of different events, not even when forced', async () => {
    await nightly();
    const before = page();
    await db.run("delete from dash_engagement where item_topic = 'topic 1'");
    for (const args of [[], ['--force']]) {
      const { code, stderr } = await nightly(...args);
      expect(code).toBe(5);
      expect(stderr).toMatch(
        /check tables: failed: The tables are not of the same events\. “topic 1” × “18-25” at .*, the first of 3 minutes that differ: the page states no event in dash_engagement, dash_visits has 3\. Aggregate that day again\.\n/,
      );
      expect(stderr).not.toContain('--force');
      expect(page()).toBe(before);
    }
    expect(await nightly('--lookback', '5d')).toMatchObject({ code: 0 });
    await db.close();
  });

  test('does not publish more views than shows, and warns of an unusual day', async () => {
    await insertEvents(db, events(1, 80));
    const unusual = await nightly();
    expect(unusual.code).toBe(0);
    expect(unusual.stderr).toContain(
      'check volume: warned: The last day has 90 events; the median of the days before is 10.',
    );
    expect(unusual.stdout).toContain('6 of 7 checks passed, 1 warned');
    await insertEvents(db, events(1, 200, 'view'));
    const refused = await nightly('--lookback', '5d');
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(
      /\d+ users of shows and 200 of views: there cannot be more views than shows/,
    );
    await db.close();
  });

  test('keeps copies under their last days, the latest of them', async () => {
    for (const name of ['zen-2001-01-01.html', 'zen-2001-01-02.html', 'zen-notes.html'])
      writeFileSync(join(cwd, name), name);
    const list = '.zen.html.archive';
    writeFileSync(join(cwd, list), 'zen-2001-01-01.html\nzen-2001-01-02.html\n');
    expect(await nightly('--archive', '--keep', '2')).toMatchObject({ code: 0 });
    const last = `zen-${isoTime(midnight - 1).slice(0, 10)}.html`;
    expect(readdirSync(cwd).sort()).toEqual([
      list,
      'zen-2001-01-02.html',
      last,
      'zen-notes.html',
      'zen.html',
    ]);
    expect(readFileSync(join(cwd, last), 'utf8')).toBe(page());
    await db.close();
  });

  test('leaves no drafts of copies behind, and says when one cannot be kept', async () => {
    const last = `zen-${isoTime(midnight - 1).slice(0, 10)}.html`;
    const yesterday = Date.now() / 1000 - 90_000;
    const drafts = ['zen-2001-01-01.html.17.tmp', 'zen-2001-01-01.html.18.tmp', 'zen-notes.html.17.tmp'];
    for (const name of drafts) {
      writeFileSync(join(cwd, name), name);
      if (!name.includes('18')) utimesSync(join(cwd, name), yesterday, yesterday);
    }
    mkdirSync(join(cwd, 'zen-2001-01-02.html'));
    expect(await nightly('--archive', '--keep', '1')).toMatchObject({ code: 0 });
    const left = [...drafts.slice(1), '.zen.html.archive', 'zen-2001-01-02.html', last, 'zen.html'];
    expect(readdirSync(cwd).sort()).toEqual(left.sort());
    rmSync(join(cwd, last));
    mkdirSync(join(cwd, last));
    const refused = await nightly('--archive');
    expect([refused.code, refused.stderr.split('\n').slice(-2)]).toEqual([
      1,
      [`Cannot write ${join(cwd, last)}: it is a folder.`, ''],
    ]);
    await db.close();
  });

  test('keeps copies as private as the page', async () => {
    const last = `zen-${isoTime(midnight - 1).slice(0, 10)}.html`;
    await nightly();
    chmodSync(join(cwd, 'zen.html'), 0o600);
    expect(await nightly('--archive')).toMatchObject({ code: 0 });
    expect(['zen.html', last].map((name) => statSync(join(cwd, name)).mode & 0o777)).toEqual([0o600, 0o600]);
    await db.close();
  });

  test('three at once publish one whole page, and each ends well or says who holds the lock', async () => {
    const args = ['nightly', '--out', 'zen.html', '--database', url];
    const ended = await Promise.all([1, 2, 3].map(() => zen(args, { cwd })));
    for (const { code } of ended) expect([0, 4]).toContain(code);
    expect(ended.map(({ code }) => code)).toContain(0);
    expect(cellsOf(readPayload(page()), 'visits').sums.at(-1)).toBe(30);
    await db.close();
  });

  test('finds a stretch that was never aggregated', async () => {
    await nightly();
    const longer = { start: midnight - 4 * dayMs, end: midnight };
    expect((await runChecks(db, longer)).find(({ name }) => name === 'coverage')).toMatchObject({
      outcome: 'failed',
    });
    await db.close();
  });
});

describe('a feed', () => {
  /** Asks `zen status` about a log, and whether it is too old. */
  const status = async (maxAge: string) => {
    const { code, stdout, stderr } = await call(['status', '--max-age', maxAge, '--database', url], { cwd });
    return { code, stdout, stderr };
  };

  test('that never began publishes nothing, and leaves the page as it was', async () => {
    await db.run('delete from log_raw');
    writeFileSync(join(cwd, 'zen.html'), 'yesterday');
    const { code, stdout, stderr } = await nightly();
    expect([code, stdout]).toEqual([5, expect.stringMatching(/^Not published; .* is as it was\.\n$/)]);
    expect(stderr).toContain('check feed: failed: ');
    expect(stderr).toContain(
      'has 0 events, fewer than the 1 of --min-events: there has never been one. Check the feed.',
    );
    expect(page()).toBe('yesterday');
    await db.close();
  });

  test('that stopped seven nights ago keeps the page as it was, and names its last minute', async () => {
    await db.run('delete from log_raw');
    await insertEvents(db, [events(8, 5), events(7, 10)].flat());
    const { code, stderr } = await nightly();
    expect(code).toBe(5);
    const last = isoTime(midnight - 7 * dayMs + hour + 9000);
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      new RegExp(
        ` has 0 events, fewer than the 1 of --min-events: the last event is of ${last}, and nothing has come since\\. ` +
          'Check the feed\\. Once the log has all events, run zen nightly again, or publish with a warning: --force\\.$',
      ),
    );
    expect(existsSync(join(cwd, 'zen.html'))).toBe(false);
    const old = await status('36h');
    expect(old.code).toBe(5);
    expect(old.stderr).toMatch(/^The last event is \d+ d old; --max-age is 36 h\. Check whether .*\n$/m);
    await db.close();
  });

  test('may be asked for more events than one, in the schedule too', async () => {
    const few = await nightly('--min-events', '11');
    expect([few.code, few.stderr]).toEqual([
      5,
      expect.stringContaining('has 10 events, fewer than the 11 of --min-events'),
    ]);
    expect(await nightly('--min-events', '10')).toMatchObject({ code: 0 });
    for (const kind of ['--cron', '--systemd']) {
      const { stdout } = await call(['schedule', kind, '--min-events', '5000', '--database', url], { cwd });
      expect(stdout).toMatch(/ nightly .*--min-events 5000 /);
    }
    expect(await nightly('--min-events', 'many')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('“many” is not a number of events: write it as 0, 1, 1000 ….'),
    });
    await db.close();
  });

  test('is as old as its last event up to now, whatever a wrong clock sent', async () => {
    await nightly();
    const age = (Date.now() - (midnight - dayMs + hour)) / hour; // and some seconds
    expect(await status(`${Math.ceil(age)}h`)).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('The last event'),
    });
    expect(await status(`${Math.floor(age) - 1}h`)).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/^The last event is .* old; --max-age is /m),
    });
    await insertEvents(db, [
      { ...events(0, 1)[0], ts: Date.now() + 30 * dayMs } as ReturnType<typeof events>[number],
    ]);
    expect(await status(`${Math.floor(age) - 1}h`)).toMatchObject({ code: 5 });
    const { stdout } = await call(['status', '--json', '--database', url], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({
      last_event: isoTime(midnight - dayMs + hour + 9000),
      last_event_age_seconds: expect.any(Number),
      age_seconds: expect.any(Number),
    });
    await insertEvents(db, [
      { ...events(0, 1)[0], ts: Date.now() - 1000 } as ReturnType<typeof events>[number],
    ]);
    expect(await status('25h')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('The last event'),
    });
    await db.close();
  });

  test('is not forgotten when the log is pruned', async () => {
    await nightly();
    await db.run('delete from log_raw');
    const { stdout } = await call(['status', '--json', '--database', url], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ last_event: isoTime(midnight - dayMs + hour) });
    await db.close();
  });
});

describe('the schedule', () => {
  test('its crontab line runs as cron runs it: by sh, in another folder, with hardly an environment, at 00 UTC only', async () => {
    const folder = join(cwd, "o'clock 100%");
    const printed = await zen(['schedule', '--cron', '--out', `${folder}/zen.html`, '--database', url], {
      cwd,
    });
    expect(printed.code).toBe(0);
    const line = printed.stdout.trim().split('\n').at(-1) ?? '';
    const command = line.replace(/^5 \* \* \* \* /, '').replaceAll('\\%', '%');
    const date = join(cwd, 'date');
    const runAt = async (clock: string) => {
      writeFileSync(date, `#!/bin/sh\necho ${clock}\n`);
      chmodSync(date, 0o755);
      const env = { HOME: '/', PATH: `${cwd}:/usr/bin:/bin`, SHELL: '/bin/sh' };
      return promisify(execFile)('/bin/sh', ['-c', command], { cwd: '/', env });
    };
    await expect(runAt('13')).rejects.toMatchObject({ code: 1, stdout: '' });
    expect(await runAt('00')).toEqual({ stdout: '', stderr: '' }); // so that cron mails nothing
    expect(cellsOf(readPayload(readFileSync(join(folder, 'zen.html'), 'utf8')), 'visits').sums.at(-1)).toBe(
      30,
    );
    await db.close();
  });

  const tools = ['/usr/sbin/cron', '/usr/bin/faketime', '/usr/bin/unshare'];
  const hasCron = tools.every(existsSync) && spawnSync('unshare', ['--mount', 'true']).status === 0;

  (hasCron ? test : test.skip)("its crontab line is run by Debian's cron", async () => {
    const { stdout } = await zen(['schedule', '--cron', '--out', `${cwd}/zen.html`, '--database', url], {
      cwd,
    });
    writeFileSync(join(cwd, 'date'), '#!/bin/sh\necho 00\n', { mode: 0o755 });
    const [told, ended] = [join(cwd, 'told'), join(cwd, 'ended')];
    const crontab = `PATH=${cwd}:/usr/bin:/bin\n${stdout.trim()} > ${told} 2>&1; touch ${ended}\n`;
    writeFileSync(join(cwd, 'crontab'), crontab);
    // In a file system of its own, cron finds this crontab alone. For it, it is two seconds before five past.
    const script = `set -e
for place in /run /var/spool/cron/crontabs /etc/cron.d; do mount -t tmpfs none $place; done
mount --bind /dev/null /etc/crontab
install -m 600 ${cwd}/crontab /var/spool/cron/crontabs/root
exec faketime -f '@2026-11-28 00:04:58' cron -f`;
    const cron = spawn('unshare', ['--mount', 'sh', '-c', script], { detached: true, stdio: 'ignore' });
    await until(() => Promise.resolve(existsSync(ended)));
    process.kill(-(cron.pid ?? NaN));
    expect(readFileSync(told, 'utf8')).toBe(''); // so that cron mails nothing
    const page = readPayload(readFileSync(join(cwd, 'zen.html'), 'utf8'));
    expect(cellsOf(page, 'visits').sums.at(-1)).toBe(30);
    await db.close();
  });

  const analyze = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find(existsSync);

  (analyze ? test : test.skip)('its service and its timer are found good by systemd', async () => {
    const args = [
      'schedule',
      '--systemd',
      '--out',
      join(temporaryFolder(), 'a b/zen.html'),
      '--database',
      url,
    ];
    const { stdout } = await zen(args, { cwd });
    const folder = temporaryFolder();
    const files = stdout.split(/^# \/etc\/systemd\/system\/(zen[\w-]*\.\w+).*\n/m).slice(1);
    expect(files.filter((_, index) => index % 2 === 0)).toEqual([
      'zen.service',
      'zen-failed.service',
      'zen.timer',
    ]);
    const units = [0, 2, 4].map((index) => join(folder, files[index] ?? ''));
    units.forEach((unit, index) => {
      writeFileSync(unit, files[2 * index + 1] ?? '');
    });
    const { stderr } = await promisify(execFile)(analyze ?? '', ['verify', ...units]);
    expect(stderr).not.toMatch(/zen[\w-]*\.(service|timer)/);
    // Exposure in tenths of 0 to 10: above 50, systemd calls a service exposed.
    await promisify(execFile)(analyze ?? '', [
      'security',
      '--offline=true',
      '--threshold=50',
      units[0] ?? '',
    ]);
    await db.close();
  });

  test('its service has paths and a URL with any character in them, and may write where a folder is to be made', async () => {
    const there = join(cwd, `100% "$HOME" \\`);
    mkdirSync(there);
    const args = ['schedule', '--systemd', '--out', join(there, 'new/er/zen.html')];
    const { stdout } = await call([...args, '--database', 'postgres://u@h/a%20b"$c'], { cwd: there });
    const lines = stdout.split('\n').map((line) => line.trim());
    const quoted = `${cwd}/100%% \\"$HOME\\" \\\\`;
    expect(lines).toContain(`WorkingDirectory=${cwd}/100%% "$HOME" \\`);
    expect(lines).toContain('Environment="ZEN_DATABASE_URL=postgres://u@h:5432/a%%20b\\"$c"');
    expect(stdout).toContain(` --out "${quoted.replace('$', '$$$$')}/new/er/zen.html"\n`);
    expect(lines).toContain(`ReadWritePaths="${quoted}"`);
    await db.close();
  });

  test.each<[url: string, env: Record<string, string>, shown: string]>([
    [
      '',
      {
        PGHOST: '::1',
        PGPORT: '5500',
        PGUSER: 'night',
        PGDATABASE: 'log',
        PGSSLMODE: 'require',
        PGPASSWORD: 's3cret',
      },
      'postgres://night@[::1]:5500/log?sslmode=require',
    ],
    ['postgres://night@/log?host=/run/pg&password=s3cret', {}, 'postgres://night@%2Frun%2Fpg:5432/log'],
    ['postgres://night:s3cret@a:1,b/log', {}, 'postgres://night@a:1,b:5432/log'],
  ])('of %j and %j names the server in full, without the password', async (given, env, shown) => {
    const args = ['schedule', '--cron', ...(given ? ['--database', given] : [])];
    const { code, stdout } = await call(args, { cwd, env });
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`ZEN_DATABASE_URL='${shown.replaceAll('%', '\\%')}' `),
    ]);
    expect(stdout).toContain('PGPASSWORD=…');
    expect(stdout).not.toContain('s3cret');
    await db.close();
  });

  test('carries the options of a night, and those of the variables that are set now', async () => {
    const env = { ZEN_KEEP: '5', ZEN_ARCHIVE: 'yes', ZEN_USERS: 'no', ZEN_TITLE: "it's 5%", ZEN_LOCALE: '' };
    const given = ['--metrics', 'm/zen.prom', '--no-users', '--heal', '3d', '--database', url];
    const { stdout: cron } = await call(['schedule', '--cron', ...given], { cwd, env });
    expect(cron).toContain(
      ` nightly --quiet --retry-for 2h --metrics ${join(cwd, 'm/zen.prom')} --no-users --heal 3d `,
    );
    expect(cron).toContain(` --archive --keep 5 `);
    expect(cron).toContain(` --title 'it'\\''s 5\\%' `);
    expect(cron).not.toMatch(/--(users|locale|json|last)\b/);
    const { stdout: unit } = await call(['schedule', '--systemd', '--retry-for', '10m', ...given], {
      cwd,
      env,
    });
    expect(unit).toContain(' nightly --log-format json --retry-for 10m --metrics ');
    expect(unit).toContain(' --title "it\'s 5%%" ');
    for (const line of ['OnFailure=zen-failed.service', 'Restart=on-failure'])
      expect(unit.split('\n')).toContain(line);
    expect(unit).toContain(`ReadWritePaths="${cwd}"`);
    await db.close();
  });

  test('reads what zen.json says of the nights, and leaves it there', async () => {
    writeFileSync(join(cwd, 'zen.json'), '{ "nightly": { "out": "pages/night.html", "keep": 3 } }');
    const { stdout } = await call(['schedule', '--cron', '--database', url], { cwd });
    expect(stdout).toContain(` --out '${join(cwd, 'pages/night.html')}'`);
    expect(stdout).not.toContain('--keep');
    await db.close();
  });

  test.each(['p#s3cret', 'p/s3cret', 's3cret%zz'])('is not of a URL with the password %s', async (secret) => {
    const args = ['schedule', '--cron', '--database', `postgres://u:${secret}@h/log`];
    const { code, stderr } = await call(args, { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining("The database's URL cannot be read")]);
    expect(stderr).not.toContain('s3cret');
    await db.close();
  });

  test('is one JSON object of its files with --json', async () => {
    const { stdout } = await call(['schedule', '--systemd', '--json', '--database', url], { cwd });
    expect(JSON.parse(stdout)).toEqual({
      'zen.service': expect.stringContaining('\nExecStart='),
      'zen-failed.service': expect.stringContaining('\nExecStart='),
      'zen.timer': expect.stringContaining('\nOnCalendar='),
    });
    await db.close();
  });

  test('never holds a password', async () => {
    const secret = 'postgres://night:s3cret@db.example/log';
    for (const kind of ['--cron', '--systemd']) {
      const { code, stdout } = await call(['schedule', kind, '--database', secret], { cwd });
      expect(code).toBe(0);
      expect(stdout).not.toContain('s3cret');
      expect(stdout).toContain('postgres://night@db.example:5432/log');
      expect(stdout).toContain('PGPASSWORD');
      expect(stdout).not.toContain('{{');
    }
    expect(await call(['schedule'], { cwd })).toMatchObject({ code: 2 });
    await db.close();
  });
});

test('a log of today alone is no night yet: aggregate says how to have it, and nothing is published unless forced', async () => {
  await db.run('delete from log_raw');
  await insertEvents(
    db,
    events(0, 1).map((event) => ({ ...event, ts: midnight })),
  );
  const [aggregated, rendered] = [
    await call(['aggregate', '--database', url], { cwd }),
    await call(['render', '--out', 'zen.html', '--database', url], { cwd }),
  ];
  expect(aggregated.code).toBe(0);
  const [, command = ''] =
    /^Nothing to aggregate: the log has only events since the last 00:00 UTC\. To have them now, run zen (.+)\.\n$/.exec(
      aggregated.stdout,
    ) ?? [];
  expect(rendered).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('The page says that there is no data'),
  });
  expect(await nightly()).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('only events since the last 00:00 UTC'),
  });
  await db.run('drop table dash_visits, dash_engagement, zen_runs');
  expect(await nightly('--force')).toMatchObject({ code: 0 });
  const { stdout } = await call([...command.split(' '), '--json', '--database', url], { cwd });
  expect(JSON.parse(stdout)).toMatchObject({ start: isoTime(midnight), events: 1 });
  expect(await nightly('--min-events', '0')).toMatchObject({ code: 0 });
  await db.close();
});

test('render --last shows as much before the last midnight', async () => {
  await call(['aggregate', '--database', url], { cwd });
  const { code } = await call(['render', '--last', '2d', '--out', 'zen.html', '--database', url], { cwd });
  expect(code).toBe(0);
  expect(readPayload(page())).toMatchObject({ start: midnight - 2 * dayMs, end: midnight });
  expect(cellsOf(readPayload(page()), 'visits').sums.at(-1)).toBe(20);
  const both = await call(['render', '--last', '2d', '--start-dt', '2026-01-01', '--database', url], { cwd });
  expect(both).toMatchObject({ code: 2, stdout: '' });
  await db.close();
});
