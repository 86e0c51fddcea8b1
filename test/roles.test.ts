import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { newDatabase, newRole, newUrl, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

const cwd = temporaryFolder();
const log = (...users: (string | number)[]) => {
  const rows = users.map((user) => `1569348000000,${user},show,a,b,c\n`);
  const file = join(cwd, 'log.csv');
  writeFileSync(file, `ts,user_id,event,item_topic,source_topic,age_segment\n${rows.join('')}`);
  return file;
};

let db: Database;
let database: string;

/** The database, seen by a role that it has made. */
function as(role: string): string[] {
  const url = new URL(database);
  url.username = role;
  return ['--database', url.href];
}

beforeAll(async () => {
  db = await newDatabase('server');
  database = db.label;
  await db.run('revoke all on schema public from public');
});

afterAll(async () => {
  await db.close();
});

describe('a role that owns nothing but its schema', () => {
  const role = newRole('owner');
  const restore = (...args: string[]) => call(['restore', ...args, ...as(role), '--json'], { cwd });

  beforeAll(async () => {
    await db.run(`create role ${role} login nosuperuser nocreatedb nocreaterole`);
    await db.run(`create schema authorization ${role}`);
    await db.run(`alter role ${role} set search_path = ${role}`);
  });

  test('restores, replaces, adds, and turns ids into texts', async () => {
    const steps: [users: (string | number)[], flags: string[]][] = [
      [[1, 2], []],
      [[3], ['--yes']],
      [[4], ['--append']],
      [['u-1'], ['--yes']],
    ];
    for (const [users, flags] of steps) {
      const { code, stdout, stderr } = await restore(log(...users), ...flags);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('index')]);
      expect(JSON.parse(stdout)).toMatchObject({ rows: users.length });
    }
    expect(await db.query(`select user_id from ${role}.log_raw`)).toEqual([{ user_id: 'u-1' }]);
    expect(
      await db.query(`select indexname, reltuples from pg_indexes join pg_class on oid = '${role}.log_raw'::regclass
        where schemaname = '${role}'`),
    ).toEqual([{ indexname: 'log_raw_ts', reltuples: 1 }]);
  });

  test('aggregates and renders there, too', async () => {
    expect(await call(['aggregate', '--users', ...as(role)], { cwd })).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('Users are not counted'),
    });
    expect(
      await db.query(
        `select users::text as users from ${role}.dash_users where every_topic and every_age and or_event is null`,
      ),
    ).toEqual([{ users: '{1}' }]);
    expect(await call(['render', ...as(role)], { cwd })).toMatchObject({ code: 0 });
  });
});

describe('a role that may only use the log of another', () => {
  const role = newRole('guest');
  const restore = (...args: string[]) => call(['restore', ...args, ...as(role)], { cwd });

  beforeAll(async () => {
    await call(['restore', log(1), '--database', database], { cwd });
    await db.run(`create role ${role} login`);
    await db.run(`grant usage on schema public to ${role}`);
    await db.run(`grant select, insert, truncate on log_raw to ${role}`);
  });

  test('restores into it as it is', async () => {
    expect(await restore(log(2, 3), '--yes')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('no index'),
    });
    expect(await db.query('select user_id from log_raw order by 1')).toEqual([
      { user_id: 2 },
      { user_id: 3 },
    ]);
  });

  test('keeps the log where the dump holds no rows', async () => {
    expect(await restore(log(), '--yes')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('holds no rows of log_raw. Nothing was changed.'),
    });
    expect(await restore(log(), '--append', '--allow-empty')).toMatchObject({ code: 0 });
    expect(await db.query('select user_id from log_raw')).toHaveLength(2);
  });

  test('is told when it lacks its index', async () => {
    await db.run('drop index public.log_raw_ts');
    const { code, stderr } = await restore(log(4), '--append');
    expect(code).toBe(0);
    expect(stderr).toContain('log_raw has no index on ts, which only its owner may make');
  });

  test.each([
    ['ids that are texts need its owner', () => [log('u-1'), '--yes'], 'must be owner of table log_raw'],
    ['a right that lacks is named', () => [log(5), '--yes'], 'permission denied for table log_raw'],
  ])('%s', async (title, args, message) => {
    if (title.includes('right')) await db.run(`revoke truncate on log_raw from ${role}`);
    const { code, stdout, stderr } = await restore(...args());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
    expect(await db.query('select user_id from log_raw order by 1')).toHaveLength(3);
  });

  test('aggregates into tables that it may fill, and is told that users are not counted', async () => {
    await call(['aggregate', '--database', database], { cwd });
    await db.run(`grant select, insert, delete on dash_visits, dash_engagement to ${role}`);
    await db.run(`grant usage on all sequences in schema public to ${role}`);
    await db.run(`grant select, insert on zen_runs to ${role}`);
    const { code, stderr } = await call(
      ['aggregate', '--users', '--start-dt', '2019-09-24', '--end-dt', '2019-09-25', ...as(role)],
      { cwd },
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('Users are not counted: this role may not')]);
  });

  test('that may not read the log is told what the tables and the ledger know', async () => {
    const reader = newRole('reader');
    await db.run(`create role ${reader} login`);
    await db.run(`grant usage on schema public to ${reader}`);
    await db.run(`grant select on dash_visits, dash_engagement, zen_runs to ${reader}`);
    const status = (...args: string[]) => call(['status', ...as(reader), ...args], { cwd });
    const { code, stdout } = await status('--deep');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(
        'There is no log that this role may read: only the tables are told of.\nThe last event up to now is ',
      ),
    ]);
    expect(JSON.parse((await status('--json')).stdout)).toMatchObject({
      ...{ first: null, last: null, changed: null, last_event: '2019-09-24T18:00:00Z' },
      coverage: [{ start: '2019-09-24T00:00:00Z' }],
      runs: [{ end: '2019-09-25T00:00:00Z', events: 3 }, { events: 3 }],
    });
    await db.run('alter table public.log_raw rename to moved');
    expect(await status()).toMatchObject({ code: 0, stdout: expect.stringContaining('\nAggregated: 2019') });
    await db.run('alter table public.moved rename to log_raw');
  });

  test('may not make a database, which is a sentence', async () => {
    const url = new URL(newUrl());
    url.username = role;
    const { code, stdout, stderr } = await call(
      ['restore', log(1), '--create', '--quiet', '--database', url.href],
      { cwd },
    );
    expect([code, stdout]).toEqual([1, '']);
    const name = url.pathname.slice(1);
    expect(stderr).toBe(
      `There is no database ${name}, and ${role} may not create one. Ask for it to be created, or name one that exists.\n`,
    );
  });
});

test('a role that may make no table anywhere is told so', async () => {
  const role = newRole('nobody');
  await db.run(`create role ${role} login`);
  const { code, stdout, stderr } = await call(['restore', log(1), '--quiet', ...as(role)], { cwd });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^postgres:\S+ refused: permission denied for schema public\. Grant that right \(docs\/operate\.md: Rights\)\.\n$/,
  );
});
