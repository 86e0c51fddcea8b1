import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { requireSession } from '../src/db/pooler.ts';
import { openServer } from '../src/db/server.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { freePort, unprivileged } from './support/postgres.ts';
import { zen } from './support/zen.ts';
import type { Outcome } from './support/zen.ts';

const path = `${process.env.PATH ?? ''}:/usr/sbin`;
const hasPooler = spawnSync('pgbouncer', ['--version'], { env: { PATH: path } }).status === 0;

(hasPooler ? describe : describe.skip)('behind PgBouncer (skipped where it is not installed)', () => {
  const cwd = temporaryFolder();
  let db: Database;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    db = await newDatabase('server');
    await insertEvents(db, [
      ...[1, 2, 3].map((user_id) => ({ ts: Date.UTC(2019, 8, 24, 18), user_id, ...names })),
    ]);
  });

  afterEach(() => stop());
  afterAll(() => db.close());

  /** Starts a pooler in front of the test's server; gives the database's URL through it. */
  async function pool(settings: Record<string, string | number>): Promise<string> {
    const [url, folder, port] = [new URL(db.label), temporaryFolder(), await freePort()];
    const file = join(folder, 'pgbouncer.ini');
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      auth_type: 'any',
      unix_socket_dir: '',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(
      file,
      `[databases]\n* = host=127.0.0.1 port=${url.port} user=zen\n[pgbouncer]\n${lines.join('')}`,
    );
    chmodSync(folder, 0o755);
    const user = process.getuid?.() === 0 ? unprivileged() : {};
    const child = spawn('pgbouncer', [file], {
      ...user,
      env: { PATH: path },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    stop = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.includes('process up')) resolve();
      });
      child.once('exit', () => {
        reject(new Error(said));
      });
    });
    url.port = String(port);
    return url.href;
  }

  const aggregate = (database: string): Promise<Outcome> =>
    zen(['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-09-25', '--database', database], { cwd });

  /** The advisory locks that anybody holds, and what settings of a run are left in sessions. */
  async function leftovers(database: string): Promise<unknown[]> {
    const locks = await db.query(
      `select pid from pg_locks where locktype = 'advisory'
       and database = (select oid from pg_database where datname = current_database())`,
    );
    const pooled = await openServer(database);
    const settings = await pooled.query(
      "select name from pg_settings where name = 'client_connection_check_interval' and source = 'session'",
    );
    await pooled.close();
    return [...locks, ...settings];
  }

  test.each([
    ['has one session', { default_pool_size: 1 }],
    ['has many, and gives the one used last', { default_pool_size: 20, min_pool_size: 4 }],
    ['has two, and gives them in turn', { default_pool_size: 2, min_pool_size: 2, server_round_robin: 1 }],
    ['has many, and gives them in turn', { default_pool_size: 9, min_pool_size: 9, server_round_robin: 1 }],
  ])('a run is refused when it shares by transaction and %s; nothing is left', async (_, settings) => {
    const database = await pool({ pool_mode: 'transaction', ...settings });
    for (let times = 0; times < 2; times++) {
      const { code, stdout, stderr } = await aggregate(database);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /is behind a pooler .* Connect to the server itself, or have the pooler use pool_mode = session for zen\.\n$/,
      );
      expect(await leftovers(database)).toEqual([]);
    }
    expect(await db.query("select to_regclass('dash_visits') as made")).toEqual([{ made: null }]);
  });

  test('a run is refused among other clients, too', async () => {
    const database = await pool({ pool_mode: 'transaction', default_pool_size: 4 });
    const others = await Promise.all(Array.from({ length: 6 }, () => openServer(database)));
    let isDone = false;
    const work = others.map(async (other) => {
      while (!isDone) await other.query('select count(*) from generate_series(1, 20000)');
    });
    const { code, stderr } = await aggregate(database);
    // By chance, each statement may meet the process of the last one; not twenty times.
    const ours = await openServer(database);
    for (let times = 0; times < 100; times++) {
      const seen = ours.reserve((session) => requireSession(ours, session));
      await expect(seen).rejects.toThrow('is behind a pooler');
    }
    await ours.close();
    isDone = true;
    await Promise.all(work);
    await Promise.all(others.map((other) => other.close()));
    expect([code, stderr]).toEqual([1, expect.stringContaining('is behind a pooler')]);
    expect(await leftovers(database)).toEqual([]);
  });

  test('a run is refused when it shares by statement', async () => {
    const database = await pool({ pool_mode: 'statement', default_pool_size: 4 });
    const { code, stdout, stderr } = await aggregate(database);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining('is behind a pooler')]);
    expect(await leftovers(database)).toEqual([]);
  });

  test.each(['session', 'transaction'])(
    'a page is made of the one session of a pool that shares by %s',
    async (mode) => {
      expect(await aggregate(db.label)).toMatchObject({ code: 0 });
      const database = await pool({ pool_mode: mode, default_pool_size: 1 });
      expect(await zen(['render', '--out', 'page.html', '--database', database], { cwd })).toMatchObject({
        code: 0,
      });
    },
  );

  test('a run does its work when it shares by session', async () => {
    const database = await pool({ pool_mode: 'session', default_pool_size: 4 });
    for (let times = 0; times < 3; times++) expect(await aggregate(database)).toMatchObject({ code: 0 });
    expect(await leftovers(database)).toEqual([]);
  });
});

const names = { item_topic: 'Наука', source_topic: 'Кино', age_segment: '18-25', event: 'show' } as const;
