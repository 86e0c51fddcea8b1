import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Target } from '../src/config.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { isAll } from './support/cases.ts';
import { kinds, newRole, newTarget, temporaryFolder } from './support/databases.ts';
import type { Kind } from './support/databases.ts';
import { insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { call } from './support/zen.ts';
import type { Outcome } from './support/zen.ts';

const cwd = temporaryFolder();
const page = join(cwd, 'zen.html');

/** 400 events of two days, 70 of them of one source topic. */
const events: Sample[] = Array.from({ length: 400 }, (_, at) => ({
  ...{ ts: Date.UTC(2019, 8, 24) + at * 400_000, user_id: at % 9, item_topic: ['a', 'b'][at % 2] ?? '' },
  ...{ source_topic: at < 70 ? 'own' : 'other', age_segment: '18-25', event: at % 3 ? 'show' : 'click' },
}));
const days = ['--start-dt', '2019-09-24', '--end-dt', '2019-09-26'];
const commands = {
  aggregate: ['aggregate', ...days],
  render: ['render', '--out', page],
  status: ['status'],
  nightly: ['nightly', '--out', page],
  prune: ['prune', '--prune-raw', '30d'],
} as const;

let db: Database;
let url: string;

/** A database with the log in it, closed between the steps where it is embedded. */
async function make(kind: Kind): Promise<void> {
  const target = newTarget(kind);
  url = target.kind === 'server' ? target.url : target.folder;
  db = target.kind === 'server' ? await openDatabase(target, { create: true }) : openWhenAsked(target);
  await insertEvents(db, events);
}

/** An embedded database that is open while it is asked something, and no longer than until a command needs it. */
function openWhenAsked(target: Target & { kind: 'embedded' }): Database {
  let opened: Promise<Database> | undefined;
  const ask = () => (opened ??= openDatabase(target));
  return {
    ...{ kind: target.kind, label: target.folder },
    query: async (...args) => (await ask()).query(...args),
    run: async (...args) => (await ask()).run(...args),
    describe: async (...args) => (await ask()).describe(...args),
    copy: async (...args) => (await ask()).copy(...args),
    transaction: async (...args) => (await ask()).transaction(...args),
    reserve: async (work) => (await ask()).reserve(work),
    interrupt: () => undefined,
    demand: () => undefined,
    close: async () => {
      const before = opened;
      opened = undefined;
      await (await before)?.close();
    },
  };
}

const asRole = (role: string) => Object.assign(new URL(url), { username: role }).href;

async function run(command: keyof typeof commands, role?: string): Promise<Outcome> {
  const place = role === undefined ? url : asRole(role);
  if (db.kind === 'embedded') await db.close();
  return call([...commands[command], '--database', place], { cwd });
}

/** Expects that a command is refused in a sentence, and changes nothing. */
async function expectRefusal(command: keyof typeof commands, says: RegExp, role?: string): Promise<void> {
  const look = async () => [
    await db.query('select count(*), sum(hashtext(l::text)) from log_raw as l'),
    await db.query("select relname from pg_class where relnamespace = 'public'::regnamespace order by 1"),
  ];
  const before = await look();
  const { code, stdout, stderr } = await run(command, role);
  expect([command, code, stdout, stderr]).toEqual([command, 1, '', expect.stringMatching(says)]);
  expect(await look()).toEqual(before);
}

afterEach(() => db.close());

/** They are found by SQL, which is the same for both databases. */
describe.each(isAll ? kinds : ['server' as const])('on the %s database', (kind) => {
  beforeEach(() => make(kind));

  /** All of them; of the embedded database, which takes a second to open, the first. */
  const some = <T>(cases: readonly T[]) => (kind === 'server' ? cases : cases.slice(0, 1));

  test.each(
    some([
      ['timestamptz', 'to_timestamp(ts / 1000.0)'],
      ['timestamp', "to_timestamp(ts / 1000.0) at time zone 'UTC'"],
      ['text', 'ts::text'],
      ['numeric', 'ts::numeric'],
      ['double precision', 'ts::float8'],
    ]),
  )('a ts of type %s is refused with statements that make it right', async (type, value) => {
    await db.run(`alter table log_raw alter column ts type ${type} using ${value}`);
    for (const command of some(['aggregate', 'status', 'prune'] as const))
      await expectRefusal(
        command,
        /log_raw is not what zen needs: ts is .*, and must be bigint\. Have its owner run: alter/,
      );
    const { stderr } = await run('aggregate');
    await db.run(/run: (alter table [^.]+)\. Or/.exec(stderr)?.[1] ?? '');
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
  });

  test('columns of log_raw that are missing or of other types are named, all of them', async () => {
    await db.run('alter table log_raw rename user_id to uid');
    await db.run('alter table log_raw alter column event type json using to_json(event)');
    await expectRefusal(
      'aggregate',
      /log_raw is not what zen needs: it lacks user_id; event is json, and must be character varying\./,
    );
  });

  test.each(
    some<[string, string, RegExp]>([
      [
        'is renamed',
        'alter table dash_visits rename visits to events',
        /dash_visits .*: it lacks visits\. Drop it/,
      ],
      [
        'is a date',
        'alter table dash_visits alter dt type date',
        /dash_visits .*: dt is date, and must be timestamp/,
      ],
      [
        'is generated',
        'alter table dash_engagement drop unique_users, add unique_users bigint generated always as (1) stored',
        /dash_engagement .*: unique_users is generated/,
      ],
      [
        'is numeric',
        'alter table dash_visits alter visits type numeric(9, 2)',
        /visits is numeric, and must be/,
      ],
      [
        'is not of the ledger',
        'alter table zen_runs rename start_dt to began',
        /zen_runs .*: it lacks start_dt\. If/,
      ],
    ]),
  )('a column of an aggregate that %s is refused by name', async (_, statement, says) => {
    await run('aggregate');
    await db.run(statement);
    for (const command of some(['aggregate', 'render', 'nightly', 'prune'] as const))
      await expectRefusal(command, says);
  });

  test.each(
    some<[string, RegExp]>([
      ["dash_visits set dt = 'infinity'", /dash_visits has rows with an impossible time/],
      ["dash_engagement set dt = '-infinity'", /dash_engagement has rows with an impossible time/],
      ['dash_visits set dt = null', /Delete them: delete from dash_visits where dt is null or/],
      ["zen_runs set end_dt = 'infinity'", /zen_runs has rows with an impossible time/],
      ["zen_runs set start_dt = end_dt + interval '1 day'", /zen_runs has rows with an impossible time/],
    ]),
  )('times that cannot be are refused with what takes them out: %s', async (change, says) => {
    await run('aggregate');
    const [, table, condition] = /^(\w+) set (.*)$/.exec(change) ?? [];
    await db.run(`update ${table} set ${condition} where ctid in (select ctid from ${table} limit 1)`);
    for (const command of some(['aggregate', 'render', 'status', 'nightly', 'prune'] as const))
      await expectRefusal(command, says);
    const { stderr } = await run('status');
    await db.run(/them: (delete .*)\.\n$/.exec(stderr)?.[1] ?? '');
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
  });

  test('a dropped ledger is noticed, with the command that makes it anew', async () => {
    await run('aggregate');
    await db.run('drop table zen_runs');
    const remedy = 'run zen aggregate --start-dt 2019-09-24T00:00:00Z --end-dt 2019-09-25T20:21:00Z';
    for (const command of some(['status', 'render'] as const))
      expect(await run(command)).toMatchObject({ code: 0, stderr: expect.stringContaining(remedy) });
    expect((await run('nightly')).stderr).toContain(remedy);
    expect((await run('nightly')).stderr).toContain('--end-dt 2019-09-25T20:20:00Z'); // what that one began with
    expect((await run('aggregate')).code).toBe(0);
    expect((await run('status')).stderr).toBe('');
  });

  test.each(
    some([
      ['drops clicks', "if new.event = 'click' then return null; end if; return new"],
      ['alters counts', 'new.unique_users := new.unique_users + 1; return new'],
    ]),
  )('a trigger that %s ends the run, and the tables are as before', async (_, body) => {
    await run('aggregate');
    const before = [await readVisits(db), await readEngagement(db)];
    await db.run(
      `create function public.change() returns trigger language plpgsql as $$ begin ${body}; end $$`,
    );
    await db.run(
      'create trigger odd before insert on dash_engagement for each row execute function public.change()',
    );
    const { code, stdout, stderr } = await run('aggregate');
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      expect.stringMatching(
        /\d+ rows of dash_engagement differ from what zen wrote: a trigger or rule changes them\. Disable/,
      ),
    ]);
    expect([await readVisits(db), await readEngagement(db)]).toEqual(before);
    await db.run(/Disable it: (.*)\.\n$/.exec(stderr)?.[1] ?? '');
    expect(await run('aggregate')).toMatchObject({ code: 0 });
  });

  test('a rule that drops rows ends the run; a trigger that moves them to a child does not', async () => {
    await run('aggregate');
    await db.run('create rule odd as on insert to dash_visits do instead nothing');
    expect(await run('aggregate')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('rows of dash_visits'),
    });
    await db.run('drop rule odd on dash_visits');
    await db.run('create table public.child () inherits (dash_engagement)');
    await db.run(`create function public.route() returns trigger language plpgsql as
      $$ begin insert into public.child select new.*; return null; end $$`);
    await db.run(
      'create trigger route before insert on dash_engagement for each row execute function public.route()',
    );
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await readEngagement(db)).toEqual(countEngagement(events, 'floor'));
  });

  test('a record_id near its end becomes a bigint, and no number is lost', async () => {
    await run('aggregate');
    await db.run("select setval('public.dash_visits_record_id_seq', 1717986919)");
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await typeOf('dash_visits')).toBe('bigint');
    expect(await typeOf('dash_engagement')).toBe('integer');
    await db.run("select setval('public.dash_visits_record_id_seq', 2147483640)");
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
  });

  test.each(
    some<[string, string, RegExp]>([
      ['is unlogged', 'alter table dash_visits set unlogged', /dash_visits is unlogged: a crash/],
      [
        'has a condition',
        "alter table log_raw rename to events; create view log_raw as select * from public.events where source_topic = 'own'",
        /log_raw is a view with a condition/,
      ],
    ]),
  )('a table that %s is told', async (_, statements, says) => {
    await run('aggregate');
    for (const statement of statements.split('; ')) await db.run(statement);
    expect((await run('status')).stderr).toMatch(says);
  });
});

async function typeOf(table: string): Promise<string | undefined> {
  const [found] = await db.query<{ type: string }>(
    `select format_type(atttypid, null) as type from pg_attribute where attrelid = to_regclass('${table}') and attname = 'record_id'`,
  );
  return found?.type;
}

describe('roles and schemas of a server', () => {
  const compared = /400\s*событий, все, что есть в логе/;
  const role = newRole('states');

  beforeEach(async () => {
    await make('server');
    const [found] = await db.query('select from pg_roles where rolname = $1', [role]);
    if (!found) await db.run(`create role ${role} login`);
    await db.run(`grant usage, create on schema public to ${role}`);
    await db.run(`grant select, delete on log_raw to ${role}`);
  });

  test('a record_id at its end is told with what widens it, though its sequence is not its own', async () => {
    await run('aggregate');
    await db.run('alter sequence public.dash_visits_record_id_seq owned by none');
    await db.run('alter sequence public.dash_visits_record_id_seq as bigint');
    await db.run("select setval('public.dash_visits_record_id_seq', 2147483647)");
    await db.run('delete from dash_visits');
    const { code, stderr } = await run('aggregate');
    expect([code, stderr]).toEqual([1, expect.stringContaining('integer out of range.')]);
    for (const statement of (/owner run: (.*)\.\n$/.exec(stderr)?.[1] ?? '').split('; '))
      await db.run(statement);
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
  });

  test('partitioned aggregates work as tables do', async () => {
    await db.run(
      'create table dash_visits (record_id serial, item_topic varchar(128), source_topic varchar(128), age_segment varchar(128), dt timestamp, visits int) partition by range (dt)',
    );
    await db.run(
      "create table public.p1 partition of dash_visits for values from ('2019-09-24') to ('2019-09-25')",
    );
    await db.run('create table public.p2 partition of dash_visits default');
    expect(await run('aggregate')).toMatchObject({ code: 0 });
    expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
  });

  test('a view in place of an aggregate is refused by what writes, and read by render', async () => {
    await run('aggregate');
    await db.run('alter table dash_visits rename to kept');
    await db.run('create view dash_visits as select * from public.kept');
    await expectRefusal('aggregate', /dash_visits is a view, and zen does not write to views/);
    expect(await run('render')).toMatchObject({ code: 0, stdout: expect.stringContaining('400 events') });
  });

  const tables = 'dash_visits, dash_engagement, dash_users, zen_runs';
  const grant = async () => {
    await run('aggregate');
    await db.run(`grant select, insert, delete on ${tables} to ${role}`);
    await db.run(`grant usage on all sequences in schema public to ${role}`);
  };

  test.each([
    ['some', "create policy own on log_raw using (source_topic = 'own')"],
    ['all, having no policy', 'select 1'],
    [
      'some, by a restrictive policy',
      'create policy a on log_raw using (true); create policy b on log_raw as restrictive using (ts > 0)',
    ],
    ['some, though another role sees all', 'create policy a on log_raw to zen using (true)'],
  ])('row security that hides %s of the log is refused', async (_, policies) => {
    await db.run('alter table log_raw enable row level security');
    for (const policy of policies.split('; ')) await db.run(policy);
    for (const command of ['aggregate', 'status', 'prune', 'nightly'] as const)
      await expectRefusal(
        command,
        /Row security may hide rows of log_raw from states_\w+, .*: alter role states_/,
        role,
      );
  });

  test('row security under a view is refused, too', async () => {
    await db.run(`alter table log_raw rename to events; `);
    await db.run('alter table public.events enable row level security');
    await db.run("create policy own on public.events using (source_topic = 'own')");
    await db.run(`create view log_raw as select * from public.events`);
    await db.run(`alter view log_raw owner to ${role}`);
    await expectRefusal('aggregate', /Row security may hide rows that the view log_raw shows/, role);
  });

  test('with what the sentence names a role does all its work, under row security', async () => {
    await grant();
    for (const table of ['log_raw', ...tables.split(', ')]) {
      await db.run(`alter table ${table} enable row level security`);
      const { stderr } = await run('aggregate', role);
      expect(stderr).toMatch(new RegExp(`Row security may hide rows of ${table}`));
      await db.run(/or: (.*)\.\n$/.exec(stderr)?.[1] ?? '');
    }
    const counted = await db.query('select dt, minutes, users from public.dash_users order by 1, 2, 3');
    await db.run('delete from public.dash_users');
    const own = await openDatabase({ kind: 'server', url: asRole(role) });
    const copied = own.copy('dash_users', ['dt'], Readable.from([Buffer.from('2019-09-24\n')]));
    await expect(copied).rejects.toThrow(/COPY FROM not supported with row-level security/); // so people go by INSERT
    await own.close();
    const { code, stderr } = await run('aggregate', role);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Looking up .*\nAggregating .*\n$/)]);
    expect(await readVisits(db)).toEqual(countVisits(events, 'floor'));
    expect(counted.length).toBeGreaterThan(0);
    expect(await db.query('select dt, minutes, users from public.dash_users order by 1, 2, 3')).toEqual(
      counted,
    );
    expect(await run('render', role)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('400 events'),
    });
    expect(readFileSync(page, 'utf8')).toMatch(compared);
  });

  test('a reader from whom row security hides the log renders, and does not compare with it', async () => {
    await grant();
    await db.run('alter table log_raw enable row level security');
    const renderAs = async (who?: string) => {
      expect(await run('render', who)).toMatchObject({ code: 0 });
      return readFileSync(page, 'utf8');
    };
    expect(await renderAs()).toMatch(compared);
    const seen = await renderAs(role);
    expect(seen).not.toMatch(compared);
    expect(seen).toMatch(/400\s*событий/);
  });

  test('who may not widen a record_id is told the statements, in time and at its end', async () => {
    await grant();
    await db.run("select setval('public.dash_visits_record_id_seq', 2147483640)");
    await db.run('delete from dash_visits');
    const statements =
      'alter table dash_visits alter column record_id type bigint; alter sequence (public\\.)?dash_visits_record_id_seq as bigint';
    const { code, stderr } = await run('aggregate', role);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `record_id of dash_visits soon has no more numbers\\. Have its owner run: ${statements}\\.\n`,
      ),
    );
    expect(stderr).toMatch(
      new RegExp(`reached maximum value of sequence .*\\. Have its owner run: ${statements}\\.\n$`),
    );
    const [, told = ''] = /soon has .* run: (.*)\.\n/.exec(stderr) ?? [];
    for (const statement of told.split('; ')) await db.run(statement);
    expect(await run('aggregate', role)).toMatchObject({ code: 0 });
  });

  test('a restore that may not write the ledger says how the log is noticed', async () => {
    await grant();
    await db.run(`grant truncate, insert on log_raw to ${role}`);
    await db.run(`revoke insert on zen_runs from ${role}`);
    const file = join(cwd, 'other.csv');
    writeFileSync(
      file,
      'ts,user_id,event,item_topic,source_topic,age_segment\n1569283200000,1,show,x,x,x\n1569286800000,1,show,x,x,x\n',
    );
    const place = Object.assign(new URL(url), { username: role }).href;
    const { code, stderr } = await call(['restore', file, '--yes', '--database', place], { cwd });
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining(
        'This role may not write zen_runs, so that no later run knows of another log. ' +
          'Run zen aggregate --start-dt 2019-09-24T00:00:00Z --end-dt 2019-09-24T01:02:00Z.',
      ),
    ]);
  });

  test('tables in different schemas, and those that they hide, are told', async () => {
    await run('aggregate');
    await db.run(`create schema ${role}`);
    await db.run(`create table ${role}.log_raw as select * from public.log_raw where source_topic = 'own'`);
    const place = new URL(url);
    place.searchParams.set('search_path', `${role},public`);
    const { stderr } = await call(['status', '--database', place.href], { cwd });
    expect(stderr).toContain(`log_raw is in ${role}, and also in public: what is there is not looked at.`);
    expect(stderr).toContain(
      `The tables are in different schemas: log_raw in ${role}, dash_visits in public`,
    );
    await db.run(`drop schema ${role} cascade`);
  });
});
