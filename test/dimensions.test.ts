import { describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../src/db/open.ts';
import { dayMs, lastMidnight } from '../src/time.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { call } from './support/zen.ts';

const names = { item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
const yesterday = lastMidnight(Date.now()) - dayMs / 2;

/** A project with an aggregate by item_id. */
function newProject(): string {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, 'sql/aggregates'), { recursive: true });
  writeFileSync(join(cwd, 'zen.json'), '{}');
  writeFileSync(
    join(cwd, 'sql/aggregates/items.sql'),
    'select dt, item_topic, item_id::text as item, count(*) as n from log group by 1, 2, 3',
  );
  return cwd;
}

describe.each(kinds)('on the %s database', (kind) => {
  test('an aggregate by more than 10,000 values on a day is refused, and no row is kept', async () => {
    const cwd = newProject();
    const own = newTarget(kind);
    const db = await openDatabase(own, { create: true });
    await insertEvents(db, [{ ts: yesterday, user_id: 1, ...names }]);
    const more = (first: number, last: number) =>
      db.run(
        `insert into log_raw (ts, user_id, item_id, item_topic, source_topic, age_segment, event)
         select ${yesterday}, 1, n, 'a', 'b', 'c', 'show' from generate_series(${first}, ${last}) as numbers (n)`,
      );
    await more(1, 9_999); // and the one event without an item
    if (kind === 'embedded') await db.close();
    const database = own.kind === 'server' ? own.url : own.folder;
    expect(await call(['aggregate', '--database', database], { cwd })).toMatchObject({ code: 0 });
    const again = kind === 'embedded' ? await openDatabase(own) : db;
    await again.run(
      `insert into log_raw (ts, user_id, item_id, item_topic, event) values (${yesterday}, 1, 10000, 'a', 'show')`,
    );
    await again.close();
    const { code, stderr } = await call(['aggregate', '--lookback', '2d', '--database', database], { cwd });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(
        'sql/aggregates/items.sql gives more than 10,000 values of item on a day: they are ids or free text. Group them.',
      ),
    ]);
    const after = await openDatabase(own);
    expect(await after.query('select sum(n)::int as n from dash_items')).toEqual([{ n: 10_000 }]);
    await after.close();
  }, 60_000);
});
