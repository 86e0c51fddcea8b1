import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database, Session } from '../src/db/database.ts';
import { openServer } from '../src/db/server.ts';
import { parseTime } from '../src/time.ts';
import { newRole, temporaryFolder } from './support/databases.ts';
import { insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { startServer } from './support/postgres.ts';
import type { Server } from './support/postgres.ts';
import { until } from './support/until.ts';
import { call, start, zen } from './support/zen.ts';

/** A fault of a command at work, and its outcome: the rows of the table in docs/faults.md. */
interface Fault {
  what: string;
  command: keyof typeof commands;
  /** Its last words; `…` stands for what differs from run to run. */
  says: string;
  code: number | null;
  left: 'as before' | 'done';
  /** The program that runs it, as `ulimit`. */
  via?: string[];
  /** Before it starts. */
  before?: () => unknown;
  /** While it is at work. */
  during?: (run: ReturnType<typeof start>, session?: Session) => unknown;
  /** Mends the fault, before the command is run again. */
  mend?: () => unknown;
}

const folder = temporaryFolder();
const out = join(folder, 'pages');
const disk = mkdtempSync(join(tmpdir(), 'zen-disk-'));
const page = join(out, 'zen.html');
const dump = join(folder, 'log.csv');
const role = newRole('worker');

const names = { item_topic: 'Наука', source_topic: 'Кино', age_segment: '18-25', event: 'show' };
const sample = (minute: number): Sample => ({
  ...{ ts: parseTime('2019-09-24') + minute * 60_000, user_id: minute % 7 },
  ...names,
});
const early = Array.from({ length: 2000 }, (_, minute) => sample(minute));
const late = Array.from({ length: 60 }, (_, minute) => sample(minute * 11));
const restored = Array.from({ length: 9000 }, (_, index) => sample(index % 2880));
const days = { start: parseTime('2019-09-24'), end: parseTime('2019-09-26') };
const options = { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true } as const;

/** Each with the table that is locked while it is to be kept at work. */
const commands = {
  restore: { args: ['restore', dump, '--yes', '--quiet'], table: 'log_raw' },
  aggregate: {
    args: ['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-09-26', '--jobs', '2'],
    table: 'dash_visits',
  },
  render: { args: ['render', '--out', page, '--title', 'new'], table: 'dash_engagement' },
} as const;

let server: Server;
let name = 'seed';
let db: Database;

const urlOf = (database: string, user = 'zen') => {
  const url = new URL(server.url);
  return Object.assign(url, { pathname: database, username: user }).href;
};
const place = (via: string[] = []) => ({ cwd: folder, env: { ZEN_DATABASE_URL: urlOf(name, role) }, via });

/** Reads what nobody may lose: the log, what was made of it, and the page. */
async function look(): Promise<unknown> {
  const log = await db.query('select count(*), sum(hashtext(l::text)) from log_raw as l');
  return [log, await readVisits(db), await readEngagement(db), readFileSync(page, 'utf8')];
}

/** Sessions of the command at work, the one that leads first. */
async function sessions(condition = 'true'): Promise<{ pid: number }[]> {
  return db.query(
    `select pid from pg_stat_activity where datname = $1 and usename = $2 and ${condition} order by backend_start`,
    [name, role],
  );
}

async function disconnect(): Promise<void> {
  for (const { pid } of await sessions()) await db.query('select pg_terminate_backend($1)', [pid]);
}

const faults: Fault[] = [
  {
    what: 'its connections are closed',
    ...{ command: 'aggregate', says: 'Aggregated 2,060 events of …', code: 0, left: 'done' },
    during: disconnect,
  },
  {
    what: 'it is killed',
    ...{ command: 'aggregate', says: '', code: null, left: 'as before' },
    during: ({ child }) => child.kill('SIGKILL'),
  },
  {
    what: 'the server goes down and stays down',
    ...{ command: 'aggregate', code: 3, left: 'as before' },
    says: 'Cannot reach …: connect ECONNREFUSED …. Check the server and --database.',
    during: async ({ outcome }) => {
      await server.kill();
      await outcome;
    },
    mend: () => server.start(),
  },
  {
    what: 'its right to write is revoked',
    ...{ command: 'aggregate', code: 1, left: 'as before' },
    says: '… refused: permission denied for table dash_visits. Grant that right (docs/operate.md: Rights).',
    during: (_, session) => session?.run(`revoke all on dash_visits from ${role}`),
    mend: () => db.run(`grant all on dash_visits to ${role}`),
  },
  {
    what: 'a table is renamed',
    ...{ command: 'aggregate', code: 1, left: 'as before' },
    says: '… refused: relation "public.dash_visits" does not exist.',
    during: (_, session) => session?.run('alter table dash_visits rename to other'),
    mend: () => db.run('alter table public.other rename to dash_visits'),
  },
  {
    what: 'it hits the server’s statement_timeout twice',
    ...{ command: 'aggregate', code: 3, left: 'as before' },
    says: '… gave up: canceling statement due to statement timeout. Run it again, or raise that limit.',
    before: () => db.run(`alter role ${role} set statement_timeout = '200ms'`),
    during: ({ outcome }) => outcome,
    mend: () => db.run(`alter role ${role} reset statement_timeout`),
  },
  {
    what: 'the server allows it only one connection',
    ...{ command: 'aggregate', code: 3, left: 'as before' },
    says: 'Cannot reach …: too many connections for role "…". Check the server and --database.',
    before: () => db.run(`alter role ${role} connection limit 1`),
    mend: () => db.run(`alter role ${role} connection limit -1`),
  },
  {
    what: 'its connection is closed',
    ...{ command: 'restore', code: 3, left: 'as before' },
    says: 'Cannot reach …. Check the server and --database.',
    during: disconnect,
  },
  {
    what: 'it is killed',
    ...{ command: 'restore', says: '', code: null, left: 'as before' },
    during: ({ child }) => child.kill('SIGKILL'),
  },
  {
    what: 'the server goes down',
    ...{ command: 'restore', code: 3, left: 'as before' },
    says: 'Cannot reach …. Check the server and --database.',
    during: async () => server.kill(),
    mend: () => server.start(),
  },
  {
    what: 'its connection is closed',
    ...{ command: 'render', code: 3, left: 'as before' },
    says: 'Cannot reach …. Check the server and --database.',
    during: disconnect,
  },
  {
    what: 'its right to read is revoked',
    ...{ command: 'render', code: 1, left: 'as before' },
    says: '… refused: permission denied for table dash_engagement. Grant that right (docs/operate.md: Rights).',
    during: (_, session) => session?.run(`revoke all on dash_engagement from ${role}`),
    mend: () => db.run(`grant all on dash_engagement to ${role}`),
  },
  {
    what: 'a table is renamed',
    ...{ command: 'render', code: 1, left: 'as before' },
    says: '… refused: relation "public.dash_engagement" does not exist.',
    during: (_, session) => session?.run('alter table dash_engagement rename to other'),
    mend: () => db.run('alter table public.other rename to dash_engagement'),
  },
];

/** Root may write everywhere, unless it gives that up. */
const asAnybody =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];

const places: Fault[] = [
  {
    what: 'the page would be larger than a file may be (`ulimit -f`), as on a full disk',
    ...{ command: 'render', code: 1, left: 'as before' },
    says: 'Cannot write …: a file may not be so large here (EFBIG). Raise the limit (ulimit -f), or choose another place.',
    via: ['sh', '-c', 'ulimit -f 100; exec "$0" "$@"'],
  },
  {
    what: 'the page’s folder is read-only',
    ...{ command: 'render', code: 1, left: 'as before' },
    says: 'Cannot write …: this account may not (EACCES). Give it the right to, or choose another place.',
    via: asAnybody,
    before: () => {
      chmodSync(out, 0o555);
    },
    mend: () => {
      chmodSync(out, 0o755);
    },
  },
];

/** Only some may have a small disk of their own. */
const mayMount = mount('1m');

const disks: Fault[] = [
  {
    what: 'the server’s disk is full',
    ...{ command: 'restore', code: 1, left: 'as before' },
    says: '… refused: could not extend file …: No space left on device….',
    before: async () => {
      const { uid, gid } = statSync(server.data);
      chownSync(disk, uid, gid);
      await db.run(`create tablespace small location '${disk}'`);
      await db.run('alter table log_raw set tablespace small');
    },
    mend: async () => {
      await db.run('alter table log_raw set tablespace pg_default');
      await db.run('drop tablespace small');
    },
  },
];

/** A disk of that size, if this user may make one. */
function mount(size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  server = await startServer();
  mkdirSync(out);
  writeFileSync(dump, csv(restored));
  const seed = await openServer(urlOf('seed'), { create: true });
  await insertEvents(seed, early);
  await aggregate(seed, [days], options);
  await insertEvents(seed, late);
  await seed.run(`create role ${role} login`);
  await seed.run(`grant all on all tables in schema public to ${role}`);
  await seed.run(`grant all on all sequences in schema public to ${role}`);
  await seed.close();
});

afterAll(async () => {
  await server.stop();
  if (mayMount) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

let number = 0;

beforeEach(async () => {
  const maintenance = await openServer(server.url);
  name = `fault_${++number}`;
  await maintenance.run(`create database ${name} template seed`);
  await maintenance.close();
  db = await openServer(urlOf(name));
  writeFileSync(page, 'the page of yesterday');
});

afterEach(() => db.close());

function csv(events: Sample[]): string {
  const columns = Object.keys(sample(0)) as (keyof Sample)[];
  return [columns, ...events.map((event) => columns.map((column) => event[column]))]
    .map((values) => `${values.join(',')}\n`)
    .join('');
}

/** A command that waits for a table until `during` has happened. */
async function hold({ command, during }: Fault): ReturnType<typeof zen> {
  const { args, table } = commands[command];
  const holder = await openServer(urlOf(name));
  let outcome: ReturnType<typeof zen> | undefined;
  const held = holder.transaction(async (session) => {
    await session.run(`lock table ${table} in access exclusive mode`);
    const run = start([...args], place());
    outcome = run.outcome;
    await until(async () => (await sessions("wait_event_type = 'Lock'")).length > 0);
    await during?.(run, session);
  });
  await held.catch(() => undefined); // a server that is gone holds nothing any more
  await holder.close();
  if (!outcome) throw new Error(`${table} could not be locked`);
  return outcome;
}

async function run(fault: Fault): Promise<void> {
  const { command, says, code, left, before, mend } = fault;
  await before?.();
  const found = await look();
  const { args } = commands[command];
  const outcome = await (fault.during ? hold(fault) : zen([...args], place(fault.via)));
  await mend?.();
  const { stdout, stderr } = outcome;
  expect([outcome.code, (code === 0 ? stdout : stderr).trim().split('\n').at(-1)]).toEqual([
    code,
    expect.stringMatching(code === null ? /^/ : pattern(says)),
  ]);
  if (left === 'as before') expect(await look()).toEqual(found);
  await again(command);
}

/** Runs again what was cut short, which is whole then. */
async function again(command: keyof typeof commands): Promise<void> {
  expect(await call([...commands[command].args], place())).toMatchObject({ code: 0 });
  if (command === 'restore')
    expect(await db.query('select count(*) from log_raw')).toEqual([{ count: restored.length }]);
  if (command === 'render') expect(readFileSync(page, 'utf8').startsWith('<!doctype html>')).toBe(true);
  if (command !== 'aggregate') return;
  expect(await readVisits(db)).toEqual(countVisits([...early, ...late], 'floor'));
  expect(await readEngagement(db)).toEqual(countEngagement([...early, ...late], 'floor'));
}

function pattern(says: string): RegExp {
  return new RegExp(`^${says.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}$`);
}

test.each([...faults, ...places])('$command, when $what, leaves all $left', run);

(mayMount ? test : test.skip).each(disks)('$command, when $what, leaves all $left', run);

(mayMount ? test : test.skip)('the embedded database on a full disk says so, and is as it was', async () => {
  const place = join(disk, 'database'); // a disk's own folder is for everybody
  const env = { ZEN_DATABASE_URL: place };
  const restore = (file: string) => call(['restore', file, '--yes', '--quiet'], { cwd: folder, env });
  const status = () => call(['status', '--quiet', '--json'], { cwd: folder, env });
  execFileSync('mount', ['-o', 'remount,size=400m', disk]);
  expect(await restore(dump)).toMatchObject({ code: 0 });
  const { stdout } = await status();
  const used = Number(execFileSync('du', ['-sm', disk], { encoding: 'utf8' }).split('\t')[0]);
  execFileSync('mount', ['-o', `remount,size=${used + 1}m`, disk]);
  const says = `The disk of ${place} is full. Make room, and run it again: nothing was changed.\n`;
  expect(await restore(join(process.cwd(), 'fixtures/zen.dump'))).toMatchObject({ code: 1, stderr: says });
  execFileSync('mount', ['-o', 'remount,size=400m', disk]);
  const told = (text: string) => ({ ...JSON.parse(text), last_event_age_seconds: null }) as unknown;
  expect(told((await status()).stdout)).toEqual(told(stdout));
});

test('the embedded database under a limit of files says so, and is as it was', async () => {
  const place = join(folder, 'limited');
  const env = { ZEN_DATABASE_URL: place };
  const restore = (file: string, blocks?: number) =>
    zen(['restore', file, '--yes', '--quiet'], {
      ...{ cwd: folder, env },
      ...(blocks !== undefined && { via: ['sh', '-c', `ulimit -f ${blocks}; exec "$0" "$@"`] }),
    });
  const says = `The embedded database in ${place} has no room: a file may not be so large here (EFBIG). Raise the limit (ulimit -f), or choose another place: nothing was changed.\n`;
  expect(await restore(dump, 4000)).toMatchObject({ code: 1, stderr: says }); // sh counts blocks of 512 bytes
  expect(readdirSync(place)).toEqual([]);
  expect(await restore(dump)).toMatchObject({ code: 0 });
  const status = () => call(['status', '--quiet', '--json'], { cwd: folder, env });
  const told = (text: string) => ({ ...JSON.parse(text), last_event_age_seconds: null }) as unknown;
  const { stdout } = await status();
  expect(await restore(join(process.cwd(), 'fixtures/zen.dump'), 4000)).toMatchObject({
    code: 1,
    stderr: says,
  });
  expect(await restore(join(process.cwd(), 'fixtures/zen.dump'), 40_000)).toMatchObject({
    code: 1,
    stderr: says,
  });
  expect(told((await status()).stdout)).toEqual(told(stdout));
});

test('a connection that is ended while rows are sent is told so, instead of waited for', async () => {
  const rows = Buffer.from('show\n'.repeat(10_000));
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield await Promise.resolve(rows);
  }
  const own = await openServer(urlOf(name, role));
  const sending = own.transaction((session) => session.copy('log_raw', ['event'], endless()));
  const said = sending.catch((error: unknown) => error);
  await until(async () => (await sessions(`query like 'copy%' and state = 'active'`)).length > 0);
  await disconnect();
  expect(await said).toMatchObject({ failure: 'unreachable' });
  await own.close();
}, 20_000);

test('docs/faults.md tells what comes of each', () => {
  const lines = readFileSync('docs/faults.md', 'utf8').split('\n');
  const rows = [...faults, ...places, ...disks].map(({ command, what, says, code, left }) => {
    const said = says === '' ? '' : `“${says}”`;
    return `| ${command} | ${what} | ${said} | ${code ?? ''} | ${left} |`;
  });
  expect(rows.filter((row) => !lines.includes(row))).toEqual([]);
});
