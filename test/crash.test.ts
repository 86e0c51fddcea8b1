import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from '../fixtures/generate.ts';
import { mulberry32 } from '../fixtures/random.ts';
import { queryCovered } from '../src/ledger/ledger.ts';
import type { Minute } from '../src/log/log.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { openServer } from '../src/db/server.ts';
import type { Target } from '../src/config.ts';
import { cases } from './support/cases.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents, restoreFixture } from './support/log.ts';
import { startServer } from './support/postgres.ts';
import { start, zen } from './support/zen.ts';

const cwd = temporaryFolder();
const window = ['aggregate', '--start-dt', '2019-09-24 18:27', '--end-dt', '2019-09-24 18:56', '--quiet'];
const rules: Minute[] = ['floor', 'nearest'];

/** Finds the rule by which the tables are whole; undefined when they are not. */
async function findRule(db: Database, whole: Record<string, string>): Promise<string | undefined> {
  const held = await hash(db);
  return rules.find((rule) => whole[rule] === held);
}

async function hash(db: Database): Promise<string> {
  const [row] = await db.query<{ hash: string }>(
    `select sum(hashtextextended(line, 0))::text as hash from (
      select concat_ws('|', dt, item_topic, source_topic, age_segment, visits) as line from dash_visits
      union all
      select concat_ws('|', dt, item_topic, event, age_segment, unique_users) from dash_engagement
    ) as lines`,
  );
  return row?.hash ?? '';
}

describe.each(kinds)('on the %s database', (kind) => {
  let target: Target;
  let env: Record<string, string>;
  /** The hash of the tables with each rule, and how long a whole run took, milliseconds. */
  const whole: Record<string, string> = {};
  let length = 0;

  const look = async <T>(work: (db: Database) => Promise<T>) => {
    const db = await openDatabase(target, { create: true, wait: 60_000 });
    return work(db).finally(() => db.close());
  };

  beforeAll(async () => {
    target = newTarget(kind);
    env = { ZEN_DATABASE_URL: target.kind === 'server' ? target.url : target.folder };
    // The embedded database is slower: a quarter of the events keeps it at work for long enough.
    const quarter = () => generate().filter((_, at) => at % 4 === 0);
    await look((db) => (kind === 'server' ? restoreFixture(db) : insertEvents(db, quarter())));
    for (const minute of rules) {
      const started = performance.now();
      expect(await zen([...window, '--minute', minute], { cwd, env })).toMatchObject({ code: 0 });
      length = performance.now() - started;
      whole[minute] = await look(hash);
    }
    expect(whole.floor).not.toBe(whole.nearest);
  });

  const rounds = { server: cases(40, 8), embedded: cases(10, 4) }[kind];

  test(`of ${rounds} runs killed at a moment of its own each, none leaves half of its work`, async () => {
    const random = mulberry32(6);
    const found: (string | undefined)[] = [];
    let minute: Minute = 'nearest'; // what the tables hold
    let cut = 0;
    for (let round = 0; round < rounds; round++) {
      const asked: Minute = minute === 'floor' ? 'nearest' : 'floor';
      const { child, outcome } = start([...window, '--minute', asked, '--wait', '60s'], { cwd, env });
      await Promise.race([sleep(random() * length * 1.1), outcome]);
      child.kill('SIGKILL');
      await outcome;
      const rule = await look((db) => findRule(db, whole));
      found.push(rule);
      if (rule === minute) cut++;
      else minute = asked;
    }
    expect(found).not.toContain(undefined);
    expect(cut).toBeGreaterThan(rounds / 4);
    const last = await zen([...window, '--minute', 'floor', '--wait', '60s'], { cwd, env });
    expect([last.code, last.stderr]).toEqual([0, '']);
    expect(await look((db) => findRule(db, whole))).toBe('floor');
    expect((await look(queryCovered)).map(({ minute }) => minute)).toEqual(['floor']);
  });
});

test('an embedded database starts, though a killed process left its lock without a word', async () => {
  const target = newTarget('embedded');
  const folder = target.kind === 'embedded' ? target.folder : '';
  const first = await openDatabase(target);
  await first.run('create table public.kept as select 1 as one');
  await first.close();
  writeFileSync(join(folder, 'postmaster.pid'), '');
  const db = await openDatabase(target);
  expect(await db.query('select * from public.kept')).toEqual([{ one: 1 }]);
  await db.close();
});

test('a folder of other things is not made a database', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'thesis.txt'), '');
  await expect(openDatabase({ kind: 'embedded', folder })).rejects.toThrow(
    `${folder} is neither empty nor a database. Name a new folder.`,
  );
  expect(readdirSync(folder)).toEqual(['thesis.txt']);
});

describe('beside a server', () => {
  let server: Awaited<ReturnType<typeof startServer>>;

  beforeAll(async () => {
    server = await startServer();
  });

  afterAll(() => server.stop());

  test('its folder is not taken for an embedded database', async () => {
    const before = readdirSync(server.data);
    await expect(openDatabase({ kind: 'embedded', folder: server.data })).rejects.toThrow(
      'belongs to a PostgreSQL server',
    );
    expect(readdirSync(server.data)).toEqual(before);
  });

  test('when a process of it is killed, the run tries again once it is back, and the tables are whole', async () => {
    const env = { ZEN_DATABASE_URL: server.url };
    const db = await openServer(server.url);
    await restoreFixture(db);
    await zen([...window, '--minute', 'nearest'], { cwd, env });
    const before = await hash(db);
    const { outcome } = start(window, { cwd, env });
    let pids: { pid: number }[] = [];
    while (pids.length === 0) {
      pids = await db.query(
        `select pid from pg_locks join pg_class on pg_class.oid = relation
         where relname in ('dash_visits', 'dash_engagement') and mode = 'RowExclusiveLock'`,
      );
    }
    process.kill(pids[0]?.pid ?? 0, 'SIGKILL');
    const { code, stderr } = await outcome;
    await db.close();
    const after = await openServer(server.url);
    const [rule] = await queryCovered(after);
    if (code === 0) expect(rule?.minute).toBe('floor');
    else
      expect([code, stderr, await hash(after)]).toEqual([3, expect.stringContaining('Cannot reach'), before]);
    await after.close();
  });
});
