import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { archive } from '../src/nightly/archive.ts';
import { writePage } from '../src/output.ts';
import { openServer } from '../src/db/server.ts';
import { parseTime } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { until } from './support/until.ts';
import { call, start, zen } from './support/zen.ts';

const cwd = temporaryFolder();
const file = join(cwd, 'zen.html');
const old = 'the page of yesterday';
let db: Database;
let env: Record<string, string>;
/** The page that each title gives, rendered undisturbed. */
const whole: Record<string, string> = {};
let length = 0;

const args = (title: string, out = file) => ['render', '--quiet', '--out', out, '--title', title];

beforeAll(async () => {
  const url = newUrl();
  env = { ZEN_DATABASE_URL: url };
  db = await openServer(url, { create: true });
  const start = parseTime('2019-09-24 18:00');
  const log = Array.from({ length: 3000 }, (_, at) => ({
    ...{ ts: start + at * 1000, user_id: at % 50, event: ['show', 'click', 'view'][at % 3] ?? '' },
    ...{ item_topic: `topic ${at % 20}`, source_topic: `source ${at % 7}`, age_segment: '18-25' },
  }));
  await insertEvents(db, log);
  const window = { start, end: start + 3_600_000 };
  await aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  for (const title of ['one', 'two']) {
    const started = performance.now();
    expect(await zen(args(title), { cwd, env })).toMatchObject({ code: 0, stderr: '' });
    length = performance.now() - started;
    whole[title] = readFileSync(file, 'utf8');
  }
});

afterAll(() => db.close());

const renders = cases(12);

test(`of ${renders} renders killed at a moment of their own each, none leaves half a page`, async () => {
  const random = mulberry32(7);
  let cut = 0;
  for (let round = 0; round < renders; round++) {
    writeFileSync(file, old);
    const { child, outcome } = start(args('one'), { cwd, env });
    const started = performance.now();
    await Promise.race([sleep(length * (0.5 + random() * 0.6)), outcome]);
    // One that ended before it could be killed shows that the machine has become faster.
    if (child.exitCode !== null) length = Math.min(length, performance.now() - started);
    child.kill('SIGKILL');
    await outcome;
    const left = readFileSync(file, 'utf8');
    expect([old, whole.one].includes(left)).toBe(true);
    if (left === old) cut++;
  }
  expect(cut).toBeGreaterThan(renders / 6);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s while a page is drawn keeps the old one', async (signal) => {
  writeFileSync(file, old);
  const { child, outcome } = start(args('one'), { cwd, env });
  await until(async () => {
    const read = await db.query(
      `select from pg_stat_activity where datname = current_database()
      and application_name like 'zen ${child.pid ?? 0}@%' and state = 'idle' and query = 'commit'`,
    );
    return child.exitCode !== null || read.length > 0; // all is read
  });
  child.kill(signal);
  expect(await outcome).toEqual({ code: 130, stdout: '', stderr: 'Interrupted.\n' });
  expect(readFileSync(file, 'utf8')).toBe(old);
  expect(readdirSync(cwd).filter((name) => name.endsWith(`.${child.pid ?? 0}.tmp`))).toEqual([]);
});

test('what killed renders left is taken away a day later, and nothing else', async () => {
  const folder = temporaryFolder();
  const page = join(folder, 'zen.html');
  const names = [
    'zen.html.17.tmp',
    'zen.html.18.tmp',
    'zen.html.mine.tmp',
    'zen.html.17.tmp.bak',
    'other.html.17.tmp',
  ];
  const yesterday = Date.now() / 1000 - 90_000;
  for (const name of names) {
    writeFileSync(join(folder, name), old);
    if (name !== 'zen.html.18.tmp') utimesSync(join(folder, name), yesterday, yesterday);
  }
  await writePage(page, 'new');
  expect(readdirSync(folder).sort()).toEqual([...names.slice(1), 'zen.html'].sort());
  expect(readFileSync(page, 'utf8')).toBe('new');
});

test('through symbolic links, what they point to is written, whether it is there or not', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  mkdirSync(at('www'));
  writeFileSync(at('www/real.html'), old);
  symlinkSync('www/real.html', at('one.html'));
  symlinkSync('one.html', at('two.html'));
  symlinkSync('www/new/none.html', at('dangling.html'));
  symlinkSync('loop.html', at('loop.html'));
  await writePage(at('two.html'), 'new');
  await writePage(at('dangling.html'), 'made');
  await expect(writePage(at('loop.html'), 'new')).rejects.toThrow(/^Cannot write .*loop\.html: .*ELOOP/);
  for (const name of ['one.html', 'two.html', 'dangling.html'])
    expect([name, lstatSync(at(name)).isSymbolicLink()]).toEqual([name, true]);
  expect(readFileSync(at('www/real.html'), 'utf8')).toBe('new');
  expect(readFileSync(at('www/new/none.html'), 'utf8')).toBe('made');
  expect(readdirSync(at('www')).sort()).toEqual(['new', 'real.html']);
});

test('a page that is replaced keeps its mode', async () => {
  const page = join(temporaryFolder(), 'zen.html');
  writeFileSync(page, old);
  for (const mode of [0o600, 0o666]) {
    chmodSync(page, mode);
    await writePage(page, 'new');
    expect(statSync(page).mode & 0o7777).toBe(mode);
  }
});

const root = process.getuid?.() === 0 ? test : test.skip;

test('a new page is for its owner and group, whatever the umask, unless a mode is stated', async () => {
  const page = join(temporaryFolder(), 'zen.html');
  const mode = () => statSync(page).mode & 0o7777;
  for (const umask of [0o000, 0o077]) {
    const before = process.umask(umask);
    rmSync(page, { force: true });
    await writePage(page, 'new').finally(() => process.umask(before));
    expect(mode()).toBe(0o640);
  }
  await writePage(page, 'new', { mode: 0o604 });
  expect(mode()).toBe(0o604);
});

test('a page is on the disk, whole, before it takes its place, and so is its name after', async () => {
  const folder = temporaryFolder();
  const page = join(folder, 'zen.html');
  writeFileSync(page, old);
  const handle = await open(page);
  const proto = Object.getPrototypeOf(handle) as { sync: () => Promise<void> };
  await handle.close();
  const seen: string[][] = [];
  const spy = jest.spyOn(proto, 'sync').mockImplementation(function (this: { fd: number }) {
    const synced = readlinkSync(`/proc/self/fd/${this.fd}`);
    seen.push([synced === folder ? 'folder' : readFileSync(synced, 'utf8'), readFileSync(page, 'utf8')]);
    return Promise.resolve();
  });
  await writePage(page, 'new').finally(() => {
    spy.mockRestore();
  });
  expect(seen).toEqual([
    ['new', old],
    ['folder', 'new'],
  ]);
});

test('nothing that others plant under the name of a draft is written to', async () => {
  const folder = temporaryFolder();
  const page = join(folder, 'zen.html');
  const victim = join(folder, 'victim');
  const planted = (name: string) => join(folder, `zen.html.${name}.tmp`);
  writeFileSync(victim, old);
  symlinkSync(victim, planted(String(process.pid)));
  for (let round = 0; round < 20; round++) await writePage(page, 'new');
  expect(readFileSync(victim, 'utf8')).toBe(old);
  expect(lstatSync(planted(String(process.pid))).isSymbolicLink()).toBe(true);
});

root('drafts are taken away only where they are files of this user', async () => {
  const folder = temporaryFolder();
  const names = ['link', 'folder', 'foreign', 'own'].map(
    (_, index) => `zen.html.0123456789abcde${index}.tmp`,
  );
  const [link = '', inner = '', foreign = '', own = ''] = names.map((name) => join(folder, name));
  writeFileSync(join(folder, 'victim'), old);
  symlinkSync('victim', link);
  mkdirSync(inner);
  for (const path of [foreign, own]) writeFileSync(path, old);
  chownSync(foreign, 65534, 65534);
  const yesterday = Date.now() / 1000 - 90_000;
  lutimesSync(link, yesterday, yesterday);
  for (const path of [inner, foreign, own]) utimesSync(path, yesterday, yesterday);
  await writePage(join(folder, 'zen.html'), 'new');
  expect(readdirSync(folder).sort()).toEqual(['victim', 'zen.html', ...names.slice(0, 3)].sort());
});

root('in a folder of everybody’s, links and modes of other users are not heeded', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('victim'), old);
  for (const name of ['link.html', 'inner']) symlinkSync(name === 'inner' ? '/etc' : 'victim', at(name));
  writeFileSync(at('page.html'), old, { mode: 0o666 });
  for (const name of ['link.html', 'inner', 'page.html']) lchownSync(at(name), 65534, 65534);
  chmodSync(at('page.html'), 0o666);
  await writePage(at('page.html'), 'new');
  expect(statSync(at('page.html')).mode & 0o777).toBe(0o666); // nobody else could have put it there
  lchownSync(at('page.html'), 65534, 65534);
  chmodSync(folder, 0o1777);
  for (const name of ['link.html', 'inner/zen.html'])
    await expect(writePage(at(name), 'new')).rejects.toThrow(
      /^Cannot write .*: the link .* is another user's/,
    );
  expect(readFileSync(at('victim'), 'utf8')).toBe(old);
  await writePage(at('page.html'), 'new');
  expect(statSync(at('page.html')).mode & 0o777).toBe(0o640);
});

describe('the archive', () => {
  const day = (number: number) => Date.UTC(2026, 10, number);
  const names = (...numbers: number[]) => numbers.map((number) => `zen-2026-11-0${number}.html`);
  const begin = () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'zen.html'), 'page');
    return folder;
  };
  const left = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name.startsWith('zen-'))
      .sort();

  test('removes only what its own list says it made', async () => {
    const folder = begin();
    writeFileSync(join(folder, 'zen-2025-01-01.html'), 'mine');
    for (const number of [1, 2, 3, 4]) await archive(join(folder, 'zen.html'), day(number + 1), 2);
    expect(left(folder)).toEqual(['zen-2025-01-01.html', ...names(3, 4)]);
    expect(readFileSync(join(folder, '.zen.html.archive'), 'utf8')).toBe(`${names(3, 4).join('\n')}\n`);
  });

  test('is led nowhere else by what is written into the list', async () => {
    const folder = begin();
    const outside = join(temporaryFolder(), 'zen-2025-01-01.html');
    for (const path of [outside, join(folder, 'notes.txt')]) writeFileSync(path, 'mine');
    const lines = [
      outside,
      `../${basename(dirname(outside))}/zen-2025-01-01.html`,
      'notes.txt',
      '',
      '..',
      'zen.html',
    ];
    writeFileSync(join(folder, '.zen.html.archive'), lines.join('\n'));
    await archive(join(folder, 'zen.html'), day(2), 1);
    expect([existsSync(outside), existsSync(join(folder, 'notes.txt'))]).toEqual([true, true]);
    expect(left(folder)).toEqual(names(1));
  });

  test.each(['.zen.html.archive', ...names(1)])('writes through no link called %s', async (name) => {
    const folder = begin();
    writeFileSync(join(folder, 'victim'), old);
    symlinkSync('victim', join(folder, name));
    await expect(archive(join(folder, 'zen.html'), day(2), 1)).rejects.toThrow(/: it is a symbolic link\.$/);
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe(old);
  });
});

test('what is no file is refused, and stays', async () => {
  const folder = temporaryFolder();
  const pipe = join(folder, 'pipe.html');
  execFileSync('mkfifo', [pipe]);
  symlinkSync('pipe.html', join(folder, 'link.html'));
  for (const name of ['pipe.html', 'link.html'])
    await expect(writePage(join(folder, name), 'new')).rejects.toThrow(
      `Cannot write ${join(folder, name)}: it is a device, a pipe or a socket, not a file.`,
    );
  expect(statSync(pipe).isFIFO()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['link.html', 'pipe.html']);
});

test('of two renders at once, one whole page wins', async () => {
  const outcomes = await Promise.all(['one', 'two'].map((title) => zen(args(title), { cwd, env })));
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  expect(Object.values(whole).includes(readFileSync(file, 'utf8'))).toBe(true);
});

test.each([
  [
    'a folder where nothing can be made',
    '/proc/zen.html',
    /^Cannot write \/proc\/zen\.html: [^\n]+ \(E[A-Z]+\)\. [^\n]+\.\n$/,
  ],
  [
    'a file for a folder',
    join(cwd, 'file/zen.html'),
    /^Cannot write [^\n]+\/file\/zen\.html: [^\n]+ \(E[A-Z]+\)\. [^\n]+\.\n$/,
  ],
  ['a folder for a file', join(cwd, 'folder'), /^Cannot write [^\n]+\/folder: it is a folder\.\n$/],
])('a page that cannot be written is said in one line: %s', async (_, out, said) => {
  writeFileSync(join(cwd, 'file'), old);
  mkdirSync(join(cwd, 'folder'), { recursive: true });
  const { code, stdout, stderr } = await zen(args('one', out), { cwd, env });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(said);
  expect(readFileSync(join(cwd, 'file'), 'utf8')).toBe(old);
  expect(readdirSync(cwd).filter((name) => name.startsWith('folder.'))).toEqual([]);
});

const injections = [
  `'; drop table log_raw; --`,
  `"; drop table log_raw; --`,
  `1); truncate dash_visits; select (1`,
  `$$; delete from dash_visits; $$`,
  `\\'; drop table dash_visits; --`,
  `log_raw"; drop table dash_engagement; --`,
];

const options: [string, ...string[]][] = [
  ['restore', '--table'],
  ['aggregate', '--start-dt', '--end-dt', '--minute', '--jobs', '--wait', '--lookback'],
  ['render', '--start-dt', '--end-dt', '--title', '--locale', '--max-size', '--min-cell', '--wait', '--last'],
  ['nightly', '--last', '--keep', '--log-format', '--prune-raw'],
  ['prune', '--prune-raw', '--prune-aggregates'],
  ['status', '--max-age', '--database'],
  ['schedule', '--out', '--database'],
  ['verify', '--wait', '--database'],
];
/** The arguments that a command needs beside the option. */
const fixed: Record<string, string[]> = {
  restore: [join(process.cwd(), 'fixtures/zen.dump'), '--yes'],
  render: ['--out', file],
  verify: [file],
};

const state = async () =>
  (
    await db.query<{ state: string }>(
      `select concat_ws(' ', (select count(*) from log_raw), (select count(*) from dash_visits),
        (select sum(unique_users) from dash_engagement), (select string_agg(relname, ',' order by relname)
        from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace)) as state`,
    )
  )[0]?.state;

test.each(options)('no option of %s reaches the database as SQL', async (command, ...names) => {
  const before = await state();
  for (const [index, name] of names.entries()) {
    for (const text of [injections[index % 6] ?? '', injections[(index + 3) % 6] ?? '']) {
      const { code, stderr } = await call([command, ...(fixed[command] ?? []), name, text], { cwd, env });
      expect([0, 1, 2, 3]).toContain(code); // 3: a folder of that name is no database
      expect(stderr).not.toMatch(/syntax error|unterminated|\n {4}at /);
      expect(await state()).toBe(before);
    }
  }
});

test('a database of a hostile name is made, and named as it is', async () => {
  const name = `zen"; drop table log_raw; --'`;
  const url = new URL(env.ZEN_DATABASE_URL ?? '');
  url.pathname = encodeURIComponent(name);
  const place = { cwd, env: { ZEN_DATABASE_URL: url.href } };
  const log = join(cwd, 'log.csv');
  writeFileSync(log, 'ts,user_id,event,item_topic,source_topic,age_segment\n1,1,show,b,c,d\n');
  expect(await call(['restore', log, '--create', '--quiet'], place)).toMatchObject({ code: 0 });
  const other = await openServer(url.href);
  expect(await other.query('select current_database() as name')).toEqual([{ name }]);
  await other.close();
});
