import { beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Session } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { hasTable } from '../src/db/tables.ts';
import { newRole, newUrl, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

// PostgreSQL's CVE-2018-1058: whoever may create in a schema of the search path plants what fits a statement better.

const cwd = temporaryFolder();
const role = newRole('planter');
const url = newUrl();
const database = ['--database', url];

const texts = (folder: string, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name), 'utf8').replaceAll(/^--.*$/gm, ''))
    .join('\n');

/** Every word before a parenthesis in a statement of zen's: its functions, and some that are none. */
const called = [
  ...new Set(
    [...`${texts('sql', '.sql')}\n${texts('src', '.ts')}`.matchAll(/\b([a-z][a-z0-9_]*)\(/g)].map(
      ([, name]) => name,
    ),
  ),
];

const types = [
  ...['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'text', 'varchar', 'name'],
  ...['timestamp', 'timestamptz', 'interval', 'oid', 'regclass', 'boolean'],
];

/** Plants, as the role, every function and operator of the names that zen's statements use for types that PostgreSQL has none for. */
const plant = (names: (string | undefined)[]) => `
do $plant$
declare
  types regtype[] := array[${types.map((type) => `'${type}'`).join(', ')}]::regtype[];
  one regtype;
  other regtype;
  found record;
  body text := $body$ language plpgsql as $trap$ begin raise exception 'planted: %', pg_backend_pid(); end $trap$ $body$;
begin
  for found in
    select proname, pronargs, min(prorettype::regtype::text) as result
    from pg_proc
    where proname = any (array[${names.map((name) => `'${name ?? ''}'`).join(', ')}])
      and pronargs in (1, 2)
      and prorettype in (select oid from pg_type where typtype = 'b')
    group by 1, 2
  loop
    foreach one in array types loop
      if found.pronargs = 1 then
        if to_regprocedure(format('pg_catalog.%I(%s)', found.proname, one)) is null then
          execute format('create function public.%I(%s) returns %s', found.proname, one, found.result) || body;
        end if;
      else
        foreach other in array types loop
          if to_regprocedure(format('pg_catalog.%I(%s, %s)', found.proname, one, other)) is null then
            execute format('create function public.%I(%s, %s) returns %s', found.proname, one, other, found.result) || body;
          end if;
        end loop;
      end if;
    end loop;
  end loop;
  for found in
    select oprname, case when bool_or(oprresult = 'boolean'::regtype) then 'boolean' else 'numeric' end as result
    from pg_operator
    where oprname in ('+', '-', '*', '/', '%', '=', '<>', '<', '<=', '>', '>=', '||')
    group by 1
  loop
    foreach one in array types loop
      foreach other in array types loop
        if to_regoperator(format('pg_catalog.%s(%s, %s)', found.oprname, one, other)) is null then
          execute format('create or replace function public.trap_%s(%s, %s) returns %s', found.result, one, other, found.result) || body;
          execute format('create operator public.%s (leftarg = %s, rightarg = %s, function = public.trap_%s)', found.oprname, one, other, found.result);
        end if;
      end loop;
    end loop;
  end loop;
end $plant$`;

beforeAll(async () => {
  const rows = Array.from(
    { length: 40 },
    (_, at) => `${1569348000000 + at * 7_000_000},${at % 9},${['show', 'click', 'view'][at % 3] ?? ''},a,b,c`,
  );
  writeFileSync(
    join(cwd, 'log.csv'),
    ['ts,user_id,event,item_topic,source_topic,age_segment', ...rows].join('\n'),
  );
  expect(await call(['restore', 'log.csv', '--create', ...database], { cwd })).toMatchObject({ code: 0 });
  const admin = postgres(url, { onnotice: () => undefined });
  await admin.unsafe(`create role ${role} login`);
  await admin.unsafe('grant usage, create on schema public to public');
  await admin.end();
  const planter = postgres(Object.assign(new URL(url), { username: role }).href, {
    onnotice: () => undefined,
    max: 1,
  });
  await planter.unsafe(plant(called));
  for (const name of [
    'pg_class',
    'pg_namespace',
    'pg_attribute',
    'pg_settings',
    'pg_type',
    'pg_index',
    'pg_locks',
  ])
    await planter.unsafe(`create table public.${name} (oid oid, name text, setting text)`);
  await planter.unsafe('create type public.bait as (value bigint)');
  await planter.unsafe(`create function public.bite(bigint) returns public.bait language plpgsql as $$
    begin raise exception 'planted'; end $$`);
  await planter.unsafe('create cast (bigint as public.bait) with function public.bite(bigint) as implicit');
  await planter.end();
});

test('what somebody planted on the search path is called by whoever looks names up there', async () => {
  const superuser = postgres(url, { max: 1 });
  await expect(superuser.unsafe('select 1::bigint / 2::numeric')).rejects.toThrow(/planted/);
  const [planted] = await superuser<{ many: number }[]>`
    select count(*)::int as many from pg_proc where pronamespace = 'public'::regnamespace`;
  expect(planted?.many).toBeGreaterThan(2000);
  await superuser.end();
});

test.each([
  ['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-10-01', '--users'],
  ['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-10-01', '--minute', 'nearest'],
  ['aggregate', '--lookback', '2000d'],
  ['status'],
  ['render', '--out', 'zen.html'],
  ['verify', 'zen.html'],
  ['prune', '--prune-raw', '1d', '--dry-run'],
  ['restore', 'log.csv', '--append'],
  ['restore', 'log.csv', '--yes'],
])('zen %s calls none of it', async (...args) => {
  const { code, stdout, stderr } = await call([...args, ...database], { cwd });
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: expect.any(String),
    stderr: expect.not.stringContaining('planted'),
  });
});

const ownDatabase = async () => {
  const url = newUrl();
  const admin = postgres(url.replace(/[^/]+$/, 'postgres'), { max: 1 });
  await admin.unsafe(`create database ${new URL(url).pathname.slice(1)} owner ${role}`);
  await admin.end();
  return { url, planter: postgres(Object.assign(new URL(url), { username: role }).href, { max: 1 }) };
};

const visits =
  'record_id serial, dt timestamp, item_topic text, source_topic text, age_segment text, visits integer';

test.each([
  ['a view', 'create view public.log_raw as select public.rise() as ts', 'that view'],
  [
    'a trigger',
    `create table public.dash_visits (${visits});
     create trigger rise before insert on public.dash_visits for each row execute function public.caught()`,
    'it',
  ],
  [
    'a condition of a trigger',
    `create table public.dash_visits (${visits});
     create trigger rise before update on public.dash_visits for each row when (new.visits > public.rise())
       execute function pg_catalog.suppress_redundant_updates_trigger()`,
    'the trigger rise',
  ],
  [
    'a table that a foreign key clears, too',
    `create table public.dash_visits (${visits}, primary key (record_id));
     create table public.follower (id integer references public.dash_visits on delete cascade);
     create trigger rise after delete on public.follower for each row execute function public.caught()`,
    'it',
  ],
  [
    'a trigger of a partition',
    `create table public.dash_visits (${visits}) partition by range (dt);
     create table public.of_a_year partition of public.dash_visits for values from ('2019-01-01') to ('2020-01-01');
     create trigger rise before insert on public.of_a_year for each row execute function public.caught()`,
    'it',
  ],
  [
    'a rule',
    `create table public.zen_runs (start_dt timestamp);
     create rule rise as on insert to public.zen_runs do also select public.rise()`,
    'the rule rise',
  ],
  [
    'a check by a function of the server',
    `create table public.dash_visits (${visits}, constraint risen check (lo_export(1, 'a') = 1))`,
    'what computes risen',
  ],
  [
    'a check by an operator',
    `create operator public.<<<< (leftarg = bigint, rightarg = bigint, function = public.weigh);
     create table public.log_raw (ts bigint, constraint risen check (ts operator(public.<<<<) 1))`,
    'what computes risen',
  ],
  [
    'a default',
    `create table public.dash_visits (${visits}, more bigint default public.rise())`,
    'what computes more',
  ],
  [
    'an index',
    `create table public.dash_engagement (dt timestamp, views bigint);
     create index risen on public.dash_engagement (public.weigh(views, 1))`,
    'what computes an index',
  ],
  [
    'a domain',
    `create domain public.number as bigint check (public.weigh(value, 1));
     create table public.dash_users (users public.number)`,
    'the domain of users',
  ],
])('a superuser does not run the code of another in %s', async (_, statements, named) => {
  const { url, planter } = await ownDatabase();
  await planter.unsafe(`
    create function public.rise() returns bigint language plpgsql as $$ begin raise exception 'risen'; end $$;
    create function public.weigh(bigint, bigint) returns boolean immutable language plpgsql as $$ begin raise exception 'risen'; end $$;
    create function public.caught() returns trigger language plpgsql as $$ begin raise exception 'risen'; end $$;
    ${statements}`);
  await planter.end();
  for (const args of [
    ['restore', 'log.csv', '--append'],
    ['aggregate', '--lookback', '2000d'],
    ['status'],
    ['render', '--out', 'zen.html'],
    ['prune', '--prune-raw', '1d'],
  ]) {
    const { code, stderr } = await call([...args, '--database', url], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(`belongs to ${role}, and ${named} would run with all rights`),
    ]);
  }
  expect(
    (await call(['status', '--database', Object.assign(new URL(url), { username: role }).href], { cwd }))
      .stderr,
  ).not.toContain('all rights');
});

const trap = `create function public.caught() returns trigger language plpgsql as $$ begin raise exception 'risen'; end $$`;

test('a superuser does not run a trigger that another has added to the table of a superuser', async () => {
  const url = newUrl();
  const dates = ['--start-dt', '2019-09-24', '--end-dt', '2019-09-26'];
  for (const args of [
    ['restore', 'log.csv', '--create'],
    ['aggregate', ...dates],
  ])
    expect(await call([...args, '--database', url], { cwd })).toMatchObject({ code: 0 });
  const admin = postgres(url, { max: 1 });
  await admin.unsafe(`grant usage, create on schema public to ${role}; grant all on dash_visits to ${role}`);
  await admin.end();
  const planter = postgres(Object.assign(new URL(url), { username: role }).href, { max: 1 });
  await planter.unsafe(`${trap};
    create trigger rise before delete on public.dash_visits for each row execute function public.caught()`);
  await planter.end();
  const { code, stderr } = await call(['aggregate', ...dates, '--database', url], { cwd });
  expect([code, stderr]).toEqual([
    1,
    `The function of the trigger rise of dash_visits belongs to ${role}, and it would run with all rights of the superuser zen. ` +
      'Run zen as a role that is no superuser: zen sql prints what to grant.\n',
  ]);
});

test('what another adds to a table after a superuser has opened the database is noticed; while one writes, it has to wait', async () => {
  const { url, planter } = await ownDatabase();
  await planter.unsafe(`create table public.dash_visits (${visits}); ${trap}`);
  const trigger = 'create trigger rise before insert on dash_visits for each row execute function caught()';
  const db = await openDatabase({ kind: 'server', url });
  await db.transaction(async () => {
    await planter.unsafe("set lock_timeout = '50ms'");
    await expect(planter.unsafe(trigger)).rejects.toThrow(/lock timeout/);
  });
  await planter.unsafe(trigger);
  const write = (session: Session) => session.run("insert into dash_visits (dt) values ('2019-09-24')");
  for (const options of [{}, { snapshot: 'read write' }] as const)
    await expect(db.transaction(write, options)).rejects.toThrow(
      /the trigger rise of dash_visits belongs to/,
    );
  await planter.end();
  await db.close();
});

test('what only a SELECT of a project reads is looked at, too, and not run', async () => {
  const { url, planter } = await ownDatabase();
  await planter.unsafe(`
    create function public.rise() returns bigint immutable language plpgsql as $$ begin raise exception 'risen'; end $$;
    create view public.inner_events as select public.rise() as ts, 1 as user_id;
    create view public.events as select * from public.inner_events`);
  await planter.end();
  const project = temporaryFolder();
  mkdirSync(join(project, 'sql'));
  writeFileSync(join(project, 'zen.json'), '{}');
  writeFileSync(
    join(project, 'sql/log.sql'),
    `select ts, user_id, null as event, null as item_topic, null as source_topic, null as age_segment from public.events`,
  );
  for (const args of [['aggregate'], ['status']]) {
    const { code, stderr } = await call([...args, '--project', project, '--database', url], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`events belongs to ${role}, and that view would run`),
    ]);
  }
});

test('a superuser uses the plain tables of another', async () => {
  const { url, planter } = await ownDatabase();
  await planter.end();
  const own = Object.assign(new URL(url), { username: role }).href;
  const dates = ['--start-dt', '2019-09-24', '--end-dt', '2019-09-26'];
  expect(await call(['restore', 'log.csv', '--database', own], { cwd })).toMatchObject({ code: 0 });
  expect(await call(['aggregate', ...dates, '--database', own], { cwd })).toMatchObject({ code: 0 });
  expect((await call(['status', '--database', own], { cwd })).stderr).toBe('');
  for (const args of [
    ['restore', 'log.csv', '--append'],
    ['aggregate', ...dates],
  ])
    expect(await call([...args, '--database', url], { cwd })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('This role is a superuser, which zen does not need.'),
    });
  for (const args of [['status'], ['render']])
    expect(await call([...args, '--database', url], { cwd })).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('superuser'),
    });
});

test('temporary tables of the same names are passed over', async () => {
  const db = await openDatabase({ kind: 'server', url });
  await db.reserve(async (session) => {
    await session.run('create temporary table "pg_temp"."log_raw" (ts bigint)').catch(() => undefined);
    expect(await hasTable(session, 'log_raw')).toBe(true);
    expect((await session.query('select from log_raw')).length).toBe(40);
  });
  await db.close();
});
