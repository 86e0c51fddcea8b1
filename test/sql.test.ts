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
  const target = newTarget(kind);
  const address = target.kind === 'server' ? target.url : target.folder;
  const roles = ['zen_loader', 'zen_nightly', 'zen_reader'];

  test('what zen sql prints makes the tables, and gives roles the rights that their commands need', async () => {
    const cwd = newProject();
    const { code, stdout } = await call(['sql'], { cwd });
    expect(code).toBe(0);
    const statements = stdout
      .replaceAll(/^--.*\n/gm, '')
      .split(/;\n/)
      .slice(0, -1);
    expect(statements.length).toBeGreaterThan(20);
    const db = await openDatabase(target, { create: true });
    try {
      for (const role of roles) await db.run(`create role ${role} login`);
      await db.transaction(async (session) => {
        for (const statement of statements) await session.run(statement);
        const plan = await session.query<Record<string, string>>("explain execute zen_items (0, 1, 'floor')");
        expect(plan.length).toBeGreaterThan(1);
        const [comment] = await session.query("select obj_description(to_regclass('dash_visits')) as said");
        expect(comment).toEqual({
          said: 'The history of events, as in the brief. One row is one minute x item_topic x source_topic x age_segment.',
        });
      });
      if (kind === 'embedded') return;
      await insertEvents(db, [{ ts: yesterday, user_id: 1, ...names }]);
      const as = (role: string) => {
        const url = new URL(address);
        url.username = role;
        return url.href;
      };
      const run = async (role: string, ...args: string[]) => {
        const told = await call([...args, '--database', as(role)], { cwd });
        expect([told.code, told.code === 0 ? '' : told.stderr]).toEqual([0, '']);
      };
      await run('zen_nightly', 'nightly', '--out', 'zen.html');
      await run('zen_reader', 'render', '--out', 'zen.html');
      writeFileSync(
        join(cwd, 'log.csv'),
        'event_id,ts,user_id,event,item_topic,source_topic,age_segment\n1,1569348000000,1,show,a,b,c\n',
      );
      await run('zen_loader', 'restore', 'log.csv', '--yes');
    } finally {
      for (const role of roles) await db.run(`drop owned by ${role} cascade`);
      for (const role of roles) await db.run(`drop role ${role}`);
      await db.close();
    }
  }, 60_000);
});
