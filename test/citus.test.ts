import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { generate } from '../fixtures/generate.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Minute } from '../src/log/log.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import type { Database } from '../src/db/database.ts';
import { openServer } from '../src/db/server.ts';
import { sql } from '../src/files.ts';
import { insertEvents, readEngagement, readVisits, restoreFixture } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';

/** The coordinator of a Citus cluster, as a role that may create schemas. Everything happens in a schema of its own. */
const coordinator = process.env.ZEN_TEST_CITUS_URL;

const title = 'on a Citus cluster (ZEN_TEST_CITUS_URL names its coordinator)';

(coordinator ? describe : describe.skip)(title, () => {
  const schema = `zen_${randomUUID().replaceAll('-', '')}`;
  const day = { start: Date.parse('2019-09-24'), end: Date.parse('2019-09-25') };
  let db: Database;

  beforeAll(async () => {
    const url = new URL(coordinator ?? '');
    url.searchParams.set('search_path', schema);
    db = await openServer(url.href);
    await db.run(`create schema ${schema}`);
    await db.run(sql('restore/table'));
    await db.query("select create_distributed_table('log_raw', 'user_id', shard_count := 4)");
  });

  afterAll(async () => {
    await db.run(`drop schema ${schema} cascade`);
    await db.close();
  });

  test('the log is restored into its shards, which all hold some of it', async () => {
    await restoreFixture(db);
    const shards = await db.query<{ shardid: number }>(
      "select shardid from pg_dist_shard where logicalrelid = 'log_raw'::regclass",
    );
    const sizes = await db.query<{ result: string }>(
      "select result from run_command_on_shards('log_raw', 'select count(*) from %s')",
    );
    expect(sizes).toHaveLength(shards.length);
    expect(Math.min(...sizes.map(({ result }) => Number(result)))).toBeGreaterThan(50_000);
  });

  test.each<Minute>(['floor', 'nearest'])(
    'both tables are as the oracle counts them, with --minute %s',
    async (minute) => {
      const events = generate();
      await aggregate(db, [day], { minute, dryRun: false, jobs: 2, wait: 0 });
      expect(await readVisits(db)).toEqual(countVisits(events, minute));
      expect(await readEngagement(db)).toEqual(countEngagement(events, minute));
      const [people] = await db.query<{ users: number }>(
        `select sum(people)::bigint as users from dash_users, unnest(previous, users) as returns (before, people)
         where every_topic and every_age and event = 'show' and or_event is null and before is null`,
      );
      expect(people?.users).toBe(
        new Set(events.flatMap((one) => (one.event === 'show' ? one.user_id : []))).size,
      );
      expect(await queryStatus(db, day.end)).toMatchObject({
        coverage: [{ ...day, minute }],
        gaps: [],
        changed: [],
      });
    },
  );

  test('an event without a user is refused', async () => {
    const event = {
      ts: day.start,
      user_id: null,
      item_topic: 'a',
      source_topic: 'b',
      age_segment: 'c',
      event: 'd',
    };
    await expect(insertEvents(db, [event])).rejects.toThrow('partition column');
  });
});
