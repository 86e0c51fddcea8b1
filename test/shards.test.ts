import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../fixtures/generate.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { slice } from '../src/aggregate/plan.ts';
import type { Database } from '../src/db/database.ts';
import { openServer } from '../src/db/server.ts';
import { sql } from '../src/files.ts';
import { newDatabase, newUrl, temporaryFolder } from './support/databases.ts';
import { dump, readEngagement, readVisits, restoreFile } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import { startServer } from './support/postgres.ts';
import type { Server } from './support/postgres.ts';

let other: Server;

beforeAll(async () => {
  other = await startServer();
});

afterAll(() => other.stop());

/** Makes `log_raw` a table whose rows lie in databases of other servers, by the hash of the user. */
async function shard(db: Database, urls: readonly string[]): Promise<void> {
  await db.run('create extension postgres_fdw');
  await db.run(sql('restore/table'));
  await db.run('alter table log_raw rename to one');
  await db.run('create table log_raw (like public.one) partition by hash (user_id)');
  for (const [index, url] of urls.entries()) {
    const place = await openServer(url, { create: true });
    await place.run(sql('restore/table'));
    await place.close();
    const { hostname, port, pathname, username } = new URL(url);
    const options = `host '${hostname}', port '${port}', dbname '${pathname.slice(1)}', batch_size '1000'`;
    await db.run(`create server shard_${index} foreign data wrapper postgres_fdw options (${options})`);
    await db.run(`create user mapping for current_user server shard_${index} options (user '${username}')`);
    await db.run(
      `create foreign table public.log_raw_${index} partition of log_raw
       for values with (modulus ${urls.length}, remainder ${index}) server shard_${index} options (table_name 'log_raw')`,
    );
  }
}

test('a log whose shards lie on two servers is restored and aggregated as one that lies on a single server', async () => {
  const db = await newDatabase('server');
  const far = new URL(other.url);
  far.pathname = 'shard';
  const urls = [newUrl(), far.href];
  await shard(db, urls);
  const events = generate().slice(0, 40_000);
  const file = join(temporaryFolder(), 'log.sql');
  writeFileSync(file, dump(events));
  await restoreFile(db, file);
  const windows = await slice(db, [{ start: Date.parse('2019-09-23'), end: Date.parse('2019-09-26') }]);
  await aggregate(db, windows, { minute: 'floor', dryRun: false, jobs: 2, wait: 0 });
  expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
  expect(await readEngagement(db)).toEqual(countEngagement(events, 'floor'));
  for (const url of urls) {
    const place = await openServer(url);
    const [held] = await place.query<{ share: number }>(
      'select count(*)::float8 / $1::bigint as share from log_raw',
      [events.length],
    );
    expect(held?.share).toBeCloseTo(1 / urls.length, 1);
    await place.close();
  }
  await db.close();
});
