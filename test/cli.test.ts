import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { generate } from '../fixtures/generate.ts';
import { openDatabase } from '../src/db/open.ts';
import { kinds, newTarget, newUrl, temporaryFolder } from './support/databases.ts';
import { dump } from './support/log.ts';
import { call, start, zen } from './support/zen.ts';

/** A log of one event, where it does not matter what is in it. */
const small = join(temporaryFolder(), 'small.csv');
writeFileSync(small, 'ts,user_id,event,item_topic,source_topic,age_segment\n1569349800000,1,show,b,c,d\n');
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe.each(kinds)('the three commands on the %s database', (kind) => {
  const cwd = temporaryFolder();
  let file = resolve('fixtures/zen.dump');
  let rows = 322_391;
  let database: string;

  beforeAll(() => {
    const target = newTarget(kind);
    database = target.kind === 'server' ? target.url : target.folder;
    if (kind === 'server') return;
    // Of the embedded database, a log of a twentieth of the fixture shows as much, its first and last event among them.
    const ends = ['2019-09-24T18:27:37.189Z', '2019-09-24T19:00:39.997Z'].map((time) => Date.parse(time));
    const log = generate().filter(({ ts }, at) => at % 20 === 0 || ends.includes(ts));
    [file, rows] = [join(cwd, 'log.sql'), log.length];
    writeFileSync(file, dump(log));
  });

  const run = (...args: string[]) => zen([...args, '--database', database], { cwd });
  const tell = (...args: string[]) => call([...args, '--database', database], { cwd });

  test('restore tells rows, bytes and seconds', async () => {
    const { code, stdout, stderr } = await run('restore', file, '--create', '--json', '--quiet');
    expect([code, stderr]).toEqual([0, '']);
    const told = json(stdout);
    expect(told).toEqual({
      notes: [],
      rows,
      bytes: statSync(file).size,
      seconds: expect.any(Number),
      database,
      summary: expect.objectContaining({ first: '2019-09-24T18:27:37.189Z', item_topics: 25, nulls: {} }),
    });
  });

  test('aggregate states the window back, in UTC, and tells what it made of it', async () => {
    const args = ['aggregate', '--start-dt', '2019-09-24 18:00', '--end_dt', '2019-09-24 19:00'];
    const dry = await tell(...args, '--dry-run', '--json');
    expect(dry.stderr).toContain('2019-09-24 18:00 up to, not including, 2019-09-24 19:00 UTC');
    const wet = await tell(...args, '--json', '--minute', 'floor');
    expect(json(wet.stdout)).toEqual({ ...json(dry.stdout), seconds: expect.any(Number), dry_run: false });
    expect(json(wet.stdout)).toMatchObject({
      start: '2019-09-24T18:00:00Z',
      end: '2019-09-24T19:00:00Z',
      minute: 'floor',
    });
  });

  test('aggregate without dates goes on to the last midnight, and then finds nothing to do', async () => {
    const midnight = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
    const first = await tell('aggregate', '--json');
    expect(json(first.stdout)).toMatchObject({ start: '2019-09-24T19:00:00Z', end: midnight });
    const { code, stdout } = await tell('aggregate', '--end-dt', '2019-09-24 18:00');
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing to aggregate');
  });

  test('status tells coverage, age and runs, and is exit 5 when that is too old', async () => {
    const { code, stdout } = await tell('status', '--json');
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({
      database,
      first: '2019-09-24T18:27:37.189Z',
      last: '2019-09-24T19:00:39.997Z',
      coverage: [{ start: '2019-09-24T18:00:00Z', minute: 'floor' }],
      gaps: [],
      changed: [],
      stale: false,
      runs: [
        { start: '2019-09-24T19:00:00Z', outcome: 'done' },
        { start: '2019-09-24T18:00:00Z', outcome: 'done' },
      ],
    });
    const dead = await tell('status', '--max-age', '48h');
    expect([dead.code, dead.stderr]).toEqual([
      5,
      expect.stringMatching(/^The last event is \d+ d old; .*\n$/),
    ]);
    const stale = await tell('status', '--max-age', '0');
    expect(stale.code).toBe(5);
    expect(stale.stdout).toContain('Aggregated: 2019-09-24 18:00 up to, not including, ');
    expect(stale.stderr).toMatch(
      /^The end of what is aggregated is \d+ \w+ ago; --max-age is 0 s\. Run zen aggregate\. The last event is \d+ \w+ old; .*\n$/,
    );
  });

  test('render writes one file of at most 1.1 MB, of which its script is 700 kB, and tells what is in it', async () => {
    const { code, stdout } = await run('render', '--json', '--out', 'a/b.html', '--title', 'Тест <b>');
    expect(code).toBe(0);
    const html = readFileSync(join(cwd, 'a/b.html'), 'utf8');
    expect(html).toContain('<title>Тест &lt;b&gt;</title>');
    const [script = ''] = /<script>.*?<\/script>/s.exec(html) ?? [];
    expect(Buffer.byteLength(script)).toBeGreaterThan(500_000);
    expect(Buffer.byteLength(script)).toBeLessThanOrEqual(700_000);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(1_100_000);
    expect(json(stdout)).toEqual({
      file: join(cwd, 'a/b.html'),
      bytes: Buffer.byteLength(html),
      start: '2019-09-24T18:27:00Z',
      end: '2019-09-24T19:01:00Z',
      visits: rows,
      rows: expect.any(Number),
      merged: 0,
      steps: [],
      seconds: expect.any(Number),
    });
  });
});

test('two commands do not open one embedded database: the second ends with exit 4, or waits', async () => {
  const target = newTarget('embedded');
  const folder = target.kind === 'embedded' ? target.folder : '';
  const holder = await openDatabase(target);
  const args = ['restore', small, '--database', folder];
  const cwd = temporaryFolder();
  const refused = await zen(args, { cwd });
  expect([refused.code, refused.stdout]).toEqual([4, '']);
  expect(refused.stderr).toContain(`Another zen (process ${process.pid} on `);
  const { outcome } = start([...args, '--wait', '60s'], { cwd });
  await holder.close();
  expect((await outcome).code).toBe(0);
});

test('the folder that is made for an embedded database is its owner’s alone', async () => {
  const cwd = temporaryFolder();
  const mode = (path: string) => statSync(join(cwd, path)).mode & 0o777;
  mkdirSync(join(cwd, 'plain'));
  await (await openDatabase({ kind: 'embedded', folder: join(cwd, 'data/zen') })).close();
  expect([mode('data'), mode('data/zen')]).toEqual([mode('plain'), 0o700]);
  const inner = readdirSync(join(cwd, 'data/zen'), { recursive: true, encoding: 'utf8' });
  expect(new Set(inner.map((name) => mode(join('data/zen', name))))).toEqual(new Set([0o700, 0o600]));
});

test.each([0o777, 0o775, 0o1777])('an embedded database in a folder of mode %o is refused', async (bits) => {
  const target = newTarget('embedded');
  const folder = target.kind === 'embedded' ? target.folder : '';
  chmodSync(folder, bits);
  const stderr = `Others may write into ${folder}, and so into the database: run chmod 700 on it.\n`;
  const run = () => call(['status', '--database', folder], { cwd: temporaryFolder() });
  expect(await run()).toEqual({ code: 2, stdout: '', stderr });
  chmodSync(folder, 0o700);
  expect((await run()).stderr).toContain('There is no table log_raw');
});

test.each([
  ['status'],
  ['aggregate'],
  ['render'],
  ['prune', '--prune-raw', '30d', '--yes'],
  ['nightly'],
  ['verify', 'page.html'],
  ['mail', 'page.html', '--from', 'a@example.com', '--to', 'b@example.com'],
])('%s of a folder that holds no database makes none, and says what to type', async (...args) => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'page.html'), '');
  mkdirSync(join(cwd, 'empty'));
  for (const name of ['h5_main', 'empty']) {
    const { code, stdout, stderr } = await call([...args, '--database', name], { cwd });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toBe(
      `There is no database at ${join(cwd, name)}. Make one with zen restore <dump> --database ${join(cwd, name)}, ` +
        'or name a server: postgres://user@host/database.\n',
    );
  }
  expect(readdirSync(cwd).sort()).toEqual(['empty', 'page.html']);
  expect(readdirSync(join(cwd, 'empty'))).toEqual([]);
});

describe('--out -', () => {
  const cwd = temporaryFolder();
  const target = newTarget('embedded');
  const env = { ZEN_DATABASE_URL: target.kind === 'embedded' ? target.folder : '' };
  const run = (...args: string[]) => call(args, { cwd, env });

  beforeAll(async () => {
    writeFileSync(
      join(cwd, 'log.csv'),
      'ts,user_id,event,item_topic,source_topic,age_segment\n1,1,show,b,c,d\n',
    );
    for (const args of [['restore', 'log.csv'], ['aggregate']])
      expect(await run(...args)).toMatchObject({ code: 0 });
  });

  test('of render is stdout, to which the page alone goes, and makes no file of that name', async () => {
    const { code, stdout, stderr } = await run('render', '--out', '-');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/\nRendered 1 event of .* into stdout \(/)]);
    writeFileSync(join(cwd, 'page.html'), stdout);
    expect(await run('verify', 'page.html')).toMatchObject({ code: 0 });
    expect(await run('render', '--out', '-', '--quiet')).toEqual({ code: 0, stdout, stderr: '' });
    const addresses = ['--from', 'a@example.com', '--to', 'b@example.com'];
    const message = await run('mail', 'page.html', ...addresses, '--out', '-');
    expect([message.code, message.stdout]).toEqual([0, expect.stringMatching(/^From: a@example\.com\r?\n/)]);
    expect(readdirSync(cwd).sort()).toEqual(['log.csv', 'page.html']);
  });

  test.each([
    [['render', '--json', '--out', '-'], 'With --json, name a file for the page: --out <file>.\n'],
    [
      ['mail', 'x.html', '--from', 'a@b', '--to', 'a@b', '--json', '--out', '-'],
      'With --json, name a file for the message: --out <file>.\n',
    ],
    [['nightly', '--out', '-'], 'A nightly page needs a file: name it with --out <file>.\n'],
    [['schedule', '--cron', '--out', '-'], 'A nightly page needs a file: name it with --out <file>.\n'],
  ])('%j is wrong usage', async (args, stderr) => {
    const told = args.includes('--json')
      ? `${JSON.stringify({ error: stderr.trim(), failure: 'usage', exit: 2 })}\n`
      : stderr;
    expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr: told });
    expect(existsSync(join(cwd, '-'))).toBe(false);
  });
});

describe('on a server', () => {
  const cwd = temporaryFolder();

  test('a log that is not empty is replaced only with --yes when nobody can be asked', async () => {
    const url = newUrl();
    const env = { ZEN_DATABASE_URL: url };
    expect((await call(['restore', small, '--create'], { cwd, env })).code).toBe(0);
    const refused = await call(['restore', small], { cwd, env });
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('is not empty, and would be replaced. Give --yes to replace it');
    expect((await call(['restore', small, '--yes'], { cwd, env })).code).toBe(0);
    for (const no of ['false', '0', 'no', 'OFF', ''])
      expect(await call(['restore', small], { cwd, env: { ...env, ZEN_YES: no } })).toEqual(refused);
    for (const yes of ['true', '1', 'Yes', 'on'])
      expect(await call(['restore', small], { cwd, env: { ...env, ZEN_YES: yes } })).toMatchObject({
        code: 0,
      });
    const unclear = await call(['restore', small], { cwd, env: { ...env, ZEN_YES: 'ja' } });
    expect(unclear).toEqual({
      code: 2,
      stdout: '',
      stderr: 'ZEN_YES is “ja”: it may be 1, true, yes or on, or 0, false, no, off or empty.\n',
    });
  });

  test('a database that does not exist is exit 3, and the sentence says how to make it', async () => {
    const { code, stderr } = await call(['restore', small, '--database', newUrl()], { cwd });
    expect(code).toBe(3);
    expect(stderr).toContain('does not exist. Create it, or let zen restore --create do so.');
  });

  test('a server that is not there is exit 3, without the password', async () => {
    const { code, stderr } = await call(['render', '--database', 'postgres://zen:secret@127.0.0.1:1/zen'], {
      cwd,
    });
    expect(code).toBe(3);
    expect(stderr).toContain('Cannot reach postgres://zen@127.0.0.1:1/zen');
    expect(stderr).not.toContain('secret');
  });

  test('libpq’s variables name the database', async () => {
    const { hostname, port, username } = new URL(newUrl());
    const env = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: 'postgres' };
    const { code, stderr } = await call(['render'], { cwd, env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no table dash_visits')]);
  });
});

describe('wrong usage is exit 2, and names the value', () => {
  const cwd = temporaryFolder();
  test.each([
    [['aggregate', '--start-dt', '24.09.2019'], '“24.09.2019” is not a time'],
    [['aggregate', '--end-dt', '2019-02-30'], '“2019-02-30” does not exist'],
    [['aggregate', '--minute', 'round'], "'round' is invalid"],
    [['aggregate', '--database', 'mysql://x/y'], 'a mysql:// database'],
    [['render', '--locale', 'fr'], 'There is no language “fr”'],
    [['restore'], "missing required argument 'dump'"],
    [['agregate'], "unknown command 'agregate'"],
    [
      ['restore', 'a', '--columns', 'ts=a,user_id=b,ts=c'],
      '“ts=a,user_id=b,ts=c” has ts twice: say which is meant.',
    ],
    [['restore', 'a', '--columns', 'ts=at,user_id=at'], 'has at twice'],
    [['restore', 'a', '--events', 'tap=click,look=view,tap=view'], 'has tap twice'],
    [['render', '--out', 'pages/'], '“pages/” is not a file: write pages/zen.html.'],
    [['nightly', '--metrics', ''], '“” is not a file'],
    [['render', '--title', ' '], 'A page needs a title'],
    [['help', 'agregate'], "unknown command 'agregate'"],
    [['aggregate', '--frob'], "unknown option '--frob'"],
    [['aggregate', '--jobs', '0'], '“0” is not a whole number'],
    [['aggregate', '--wait', '5'], '“5” is not a duration'],
    [['status', '--max-age', '1 day'], '“1 day” is not a duration'],
    [['aggregate', '--wait', '5'], "option '--wait <duration>'"],
    [['aggregate', '--start_dt', 'soon'], "option '--start_dt <time>'"],
    [['render', '--max-size', '0'], "option '--max-size <MB>'"],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await call(args, { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(existsSync(join(cwd, '.zen'))).toBe(false);
  });
});

describe('a fault of the file system is one sentence with the next step, and exit 1', () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'file'), 'a');

  test.each([
    [
      ['restore', 'none.dump'],
      'Cannot read the dump none.dump: there is no such file or folder (ENOENT). Check its name and folder.',
    ],
    [
      ['restore', 'file', '--database', 'file'],
      'file: a file of this name is there (EEXIST). Choose another name.',
    ],
    [
      ['restore', 'https://example.org/a.dump?b=1&c'],
      "Zen opens no addresses. Pipe it: curl -fsSL 'https://example.org/a.dump?b=1&c' | zen restore -",
    ],
    [
      ['restore', 'file/none.dump'],
      'Cannot read the dump file/none.dump: a part of its path is a file, not a folder (ENOTDIR). Check the path.',
    ],
    [
      ['verify', 'none.html'],
      'Cannot read none.html: there is no such file or folder (ENOENT). Check its name and folder.',
    ],
    [
      ['mail', '.', '--from', 'a@example.org', '--to', 'b@example.org'],
      'Cannot read .: it is a folder, not a file (EISDIR). Name a file.',
    ],
    [
      ['init', 'file/new'],
      'Cannot use file/new: a part of its path is a file, not a folder (ENOTDIR). Check the path.',
    ],
    [['status', '--database', 'file/new'], '/file/new. Make one with zen restore <dump> --database '],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await call(args, { cwd });
    expect([code, stdout]).toEqual([args[0] === 'status' ? 3 : 1, '']);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

test('dates also come from the environment', async () => {
  const env = { ZEN_START_DT: 'soon' };
  const { code, stderr } = await call(['aggregate'], { cwd: temporaryFolder(), env });
  expect([code, stderr]).toEqual([2, expect.stringContaining('“soon” is not a time')]);
  expect(stderr).toContain("from env 'ZEN_START_DT'");
});

test('a date on the command line, in either spelling, comes before one from the environment', async () => {
  const [cwd, database] = [temporaryFolder(), newUrl()];
  await call(['restore', small, '--create', '--database', database], { cwd });
  const env = { ZEN_START_DT: 'soon', ZEN_END_DT: '2019-09-24 18:40', ZEN_DATABASE_URL: database };
  for (const [start, end] of [
    ['--start-dt', '--end-dt'],
    ['--start_dt', '--end_dt'],
  ] as const) {
    const args = ['aggregate', '--json', start, '2019-09-24 18:30', end, '2019-09-24 18:35'];
    const { stdout } = await call(args, { cwd, env });
    expect(json(stdout)).toMatchObject({ start: '2019-09-24T18:30:00Z', end: '2019-09-24T18:35:00Z' });
  }
});

test('an empty variable is none', async () => {
  const place = { cwd: temporaryFolder(), env: { ZEN_DATABASE_URL: newUrl() } };
  expect((await call(['restore', small, '--create'], place)).code).toBe(0);
  const none = { ZEN_START_DT: '', ZEN_JOBS: '', ZEN_MINUTE: '', ZEN_OUT: '', ZEN_LOCALE: '', ZEN_WAIT: '' };
  const unset = { ...place, env: { ...place.env, ...none } };
  expect(await call(['aggregate'], unset)).toMatchObject({ code: 0 });
  expect(await call(['render'], unset)).toMatchObject({ code: 0 });
  expect(existsSync(join(place.cwd, 'output/zen.html'))).toBe(true);
  const { code, stderr } = await call(['mail', 'output/zen.html'], {
    ...unset,
    env: { ...unset.env, ZEN_FROM: '' },
  });
  expect([code, stderr]).toEqual([2, 'Give the sender: --from <address>.\n']);
});

test('help and version are exit 0, on stdout', async () => {
  const cwd = temporaryFolder();
  const help = await zen(['aggregate', '--help'], { cwd });
  expect([help.code, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toContain('--start-dt <time>');
  expect(help.stdout).not.toContain('--start_dt');
  expect((await zen(['--version'], { cwd })).stdout).toMatch(/^\d+\.\d+\.\d+(-dev)?\n$/);
});

test.each(['verify', 'mail'])('the help of %s says that no database is opened unless named', async (name) => {
  const { stdout } = await zen([name, '--help'], { cwd: temporaryFolder() });
  expect(stdout).not.toContain('ZEN_DATABASE_URL');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('(default: do not compare)');
});

describe('a result that nobody takes', () => {
  const cwd = temporaryFolder();

  test.each([[['--help']], [['--version']], [['schedule', '--cron']]])(
    '%j ends as ever, and quietly, when its reader has left',
    async (args) => {
      const { child, outcome } = start(args, { cwd });
      child.stdout?.destroy();
      const { code, stderr } = await outcome;
      expect([code, stderr]).toEqual([0, '']);
    },
  );

  test('is no reason to fail where errors are told to nobody, either', async () => {
    const { child, outcome } = start(['status', '--debug', '--database', 'postgres://127.0.0.1:1/x'], {
      cwd,
    });
    child.stderr?.destroy();
    expect((await outcome).code).toBe(3);
  });

  test('is said in one line, with exit 1, when it cannot be written', async () => {
    const via = ['sh', '-c', '"$@" > /dev/full', 'sh'];
    for (const args of [['--help'], ['schedule', '--cron']]) {
      const { code, stderr } = await zen(args, { cwd, via });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          /^Cannot write the result: its disk is full \(ENOSPC\)\. Make room there, [^\n]+\.\n$/,
        ),
      ]);
    }
  });
});

test('a page that cannot be written is exit 1, and says why', async () => {
  const cwd = temporaryFolder();
  const database = ['--database', newUrl()];
  await call(['restore', small, '--create', ...database], { cwd });
  await call(['aggregate', ...database], { cwd });
  const { code, stdout, stderr } = await call(['render', '--out', '/proc/zen.html', ...database], { cwd });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('Cannot write /proc/zen.html: ');
});

test('a database that --create made is taken away again when the restore fails, and no other is', async () => {
  const target = newTarget('server');
  const database = target.kind === 'server' ? target.url : '';
  const cwd = temporaryFolder();
  const bad = join(cwd, 'bad.csv');
  writeFileSync(bad, 'ts,user_id,event,item_topic,source_topic,age_segment\nsoon,1,show,b,c,d\n');
  const tell = (...args: string[]) => call([...args, '--database', database], { cwd });
  const refused = {
    code: 1,
    stderr: expect.stringContaining('ts is “soon”, which is not a time') as unknown,
  };
  expect(await tell('restore', bad, '--create')).toMatchObject(refused);
  expect((await tell('status')).code).toBe(3);
  expect((await tell('restore', small, '--create')).code).toBe(0);
  expect(await tell('restore', bad, '--create', '--yes')).toMatchObject(refused);
  expect((await tell('status')).code).toBe(0);
});
