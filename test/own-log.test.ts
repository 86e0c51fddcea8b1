import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import { quoteText } from '../src/db/database.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { useSchema } from '../src/db/schema.ts';
import { openServer } from '../src/db/server.ts';
import { createHome, queryHome } from '../src/ledger/home.ts';
import { overLog, windowOf } from '../src/log/log.ts';
import { useLog } from '../src/log/source.ts';
import type { OwnLog } from '../src/log/source.ts';
import { kinds, newRole, newTarget, temporaryFolder } from './support/databases.ts';
import { readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { until } from './support/until.ts';
import { call } from './support/zen.ts';

const midnight = Date.parse('2026-11-20T00:00Z');
const [start, end] = ['2026-11-19 23:30', '2026-11-20 00:20'];
const own = { show: 'impression', click: 'press', view: 'read' };
const topics = ["O'Neil", 'Кино', null, 'a\tb'];

function randomEvents(): Sample[] {
  const random = mulberry32(25);
  return Array.from({ length: 800 }, () => ({
    ts: midnight + between(random, -40, 40) * 60_000 + favour(random, [0, 1, 29_999, 30_000, 30_999, 59_999]),
    user_id: between(random, 1, 12),
    item_topic: favour(random, topics),
    source_topic: favour(random, topics),
    age_segment: null,
    event: favour(random, ['show', 'click', 'view', 'scroll']),
  }));
}

/** Ways to tell a time: the type of the column, a time in it, and the setting. */
const clocks: [type: string, time: NonNullable<OwnLog['time']>, write: (ms: number) => string][] = [
  ['bigint', 'ms', String],
  ['double precision', 'ms', String],
  ['integer', 's', (ms) => String(Math.floor(ms / 1000))],
  ['numeric', 's', (ms) => (ms / 1000).toFixed(3)],
  ['bigint', 'us', (ms) => `${ms}999`],
  ['timestamp', 'timestamp', (ms) => new Date(ms).toISOString().slice(0, -1)],
  ['timestamptz', 'timestamptz', (ms) => new Date(ms + 3 * 3_600_000).toISOString().replace('Z', '+03')],
];

describe.each(kinds)('a log of one’s own, on the %s database', (kind) => {
  const target = newTarget(kind);
  const address = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();
  const events = randomEvents();
  const settings = (log: object) => {
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify({ database: address, locale: 'en', log }));
  };
  const zen = (...args: string[]) => call(args, { cwd });

  async function withDatabase<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = await openDatabase(target, { create: true });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }

  beforeAll(() => withDatabase((db) => db.run('create schema shop')));
  afterAll(() => {
    useLog(undefined);
    useSchema(undefined);
  });

  // Of one engine, a few: each open takes the embedded database a second.
  test.each(kind === 'server' ? clocks : clocks.filter(([type]) => /integer|tz/.test(type)))(
    'whose times are %s is counted as the same log of zen’s is, in %s',
    async (type, time, write) => {
      await withDatabase(async (db) => {
        for (const table of [
          'shop."Events of all"',
          'dash_visits',
          'dash_engagement',
          'dash_users',
          'zen_runs',
        ])
          await db.run(`drop table if exists ${table}`);
        await db.run(
          `create table shop."Events of all" ("At" ${type}, uid text, kind text, category varchar(20), channel text, tenant int)`,
        );
        await db.run('create index on shop."Events of all" ("At")');
        const rows = events.map(({ ts, user_id, event, item_topic, source_topic }) => [
          write(ts ?? 0),
          `u${user_id}`,
          { ...own, scroll: 'scroll' }[event ?? ''] ?? null,
          item_topic,
          source_topic,
          5,
        ]);
        const others = rows.map((row) => [...row.slice(0, -1), 6]);
        const value = (one: string | number | null) => (one === null ? 'null' : quoteText(String(one)));
        const lines = [...rows, ...others].map((row) => `(${row.map(value).join(', ')})`);
        await db.run(`insert into shop."Events of all" values ${lines.join(', ')}`);
      });
      settings({
        table: 'shop.Events of all',
        columns: {
          ts: 'At',
          user_id: 'uid',
          event: 'kind',
          item_topic: 'category',
          source_topic: 'channel',
          age_segment: null,
        },
        time,
        events: Object.fromEntries(Object.entries(own).map(([to, from]) => [from, to])),
        where: 'tenant = 5',
      });
      for (const minute of ['floor', 'nearest']) {
        const told = await zen(
          'aggregate',
          '--start-dt',
          start,
          '--end-dt',
          end,
          '--minute',
          minute,
          '--users',
        );
        expect(told).toMatchObject({ code: 0 });
        const seen =
          type === 'integer'
            ? events.map((one) => ({ ...one, ts: Math.floor((one.ts ?? 0) / 1000) * 1000 }))
            : events;
        const window = [minute, Date.parse(`${start}Z`), Date.parse(`${end}Z`)] as const;
        await withDatabase(async (db) => {
          expect(await readVisits(db)).toEqual(countVisits(seen, ...window));
          expect(await readEngagement(db)).toEqual(countEngagement(seen, ...window));
        });
        const status = JSON.parse((await zen('status', '--json')).stdout) as { changed: unknown[] };
        expect(status.changed).toEqual([]);
      }
      expect(await zen('render', '--out', 'page.html')).toMatchObject({ code: 0 });
      const html = readFileSync(join(cwd, 'page.html'), 'utf8');
      expect(html).toMatch(/<p id="summary">[^<]* · all topics<\/p>/);
      expect(html).toMatch(/<div class="control" hidden>\s*<h2 id="ages-label">/);
      expect(html).toContain('<zen-chart id="sources"');
    },
  );

  test('is any SELECT with the log’s names, in sql/log.sql', async () => {
    await withDatabase(async (db) => {
      await db.run('create view shop.sent as select * from shop."Events of all"');
      await db.run('drop table dash_visits, dash_engagement, dash_users, zen_runs');
    });
    mkdirSync(join(cwd, 'sql'));
    writeFileSync(
      join(cwd, 'sql/log.sql'),
      `-- Two columns in one.
select
  "At" as ts,
  uid as user_id,
  case kind when 'impression' then 'show' when 'press' then 'click' when 'read' then 'view' else kind end as event,
  category || '/' || channel as item_topic,
  null as source_topic,
  'all' as age_segment
from shop.sent
where tenant = 5;
`,
    );
    settings({ time: 'timestamptz', columns: { source_topic: null } });
    expect(await zen('aggregate', '--start-dt', start, '--end-dt', end)).toMatchObject({ code: 0 });
    const pairs = events.map((event) => ({
      ...event,
      item_topic:
        event.item_topic === null || event.source_topic === null
          ? null
          : `${event.item_topic}/${event.source_topic}`,
      source_topic: null,
      age_segment: 'all',
    }));
    const window = ['floor', Date.parse(`${start}Z`), Date.parse(`${end}Z`)] as const;
    await withDatabase(async (db) => {
      expect(await readVisits(db)).toEqual(countVisits(pairs, ...window));
    });
    expect(await zen('render', '--out', 'page.html')).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, 'page.html'), 'utf8')).not.toContain('<zen-chart id="sources"');
    writeFileSync(
      join(cwd, 'sql/log.sql'),
      'select "At" as ts,\n  uid as user_id,\n  sort as event from shop.sent',
    );
    expect((await zen('aggregate')).stderr).toMatch(
      /sql\/log\.sql cannot be read: .*column "sort" does not exist \(line 3\)\. Write it as one SELECT with the log's names\./,
    );
  });

  test.each([
    [{ table: 'shop.events' }, 1, /There is no table|relation .*shop.*events.* does not exist/],
    [{ table: 'shop.sent', columns: { ts: 'At' } }, 1, /column "user_id" does not exist.*log\.columns/],
    [
      {
        table: 'shop.sent',
        columns: {
          ts: 'At',
          user_id: 'uid',
          event: 'kind',
          item_topic: 'category',
          source_topic: null,
          age_segment: null,
        },
      },
      1,
      /The log's "At" is not a time in "ms"\. Write log\.time as "timestamptz" in zen\.json\./,
    ],
    [
      { table: 'shop.sent', columns: { topic: 'a' } },
      2,
      /no setting “topic” in “log\.columns”\. Did you mean “item_topic”\?/,
    ],
    [{ table: 'shop.sent', columns: { ts: null } }, 2, /“log\.columns\.ts” must be a text/],
    [{ time: 'minutes' }, 2, /“log\.time” may be ms, s, us, timestamp, timestamptz\./],
  ])('that is not as zen.json says is refused: %j', async (log, code, said) => {
    writeFileSync(join(cwd, 'sql/log.sql'), '');
    const place = temporaryFolder();
    writeFileSync(join(place, 'zen.json'), JSON.stringify({ database: address, log }));
    const told = await call(['aggregate'], { cwd: place });
    expect(told.code).toBe(code);
    expect(told.stderr).toMatch(said);
  });

  test('needs no right but to read where the aggregates have a schema of their own', async () => {
    const place = temporaryFolder();
    const role = newRole('reader');
    const url = kind === 'server' ? Object.assign(new URL(address), { username: role }).href : address;
    await withDatabase(async (db) => {
      await db.run('create schema sale');
      await db.run(
        "create table sale.sold as select 1793000000000 as ts, 'u' as user_id, 'show' as event, 'tea' as item_topic from generate_series(1, 3)",
      );
      if (kind === 'embedded') return;
      await db.run(`create role ${role} login`);
      await db.run(`grant usage on schema sale to ${role}`);
      await db.run(`grant select on sale.sold to ${role}`);
      await db.run(`revoke all on schema public from public`);
    });
    const columns = { source_topic: null, age_segment: null };
    const aggregates = { schema: 'zen "own"' };
    const write = (more: object) => {
      writeFileSync(
        join(place, 'zen.json'),
        JSON.stringify({ database: url, log: { table: 'sale.sold', columns }, ...more }),
      );
    };
    write({ aggregates });
    const remedy = `create schema "zen ""own""" authorization ${role}`;
    if (kind === 'server') {
      expect((await call(['check'], { cwd: place })).stdout).toContain(`Have the owner run: ${remedy}.`);
      await withDatabase((db) => db.run(remedy));
    }
    for (const flags of [['--dry-run'], []]) {
      const { code, stderr } = await call(['aggregate', ...flags], { cwd: place });
      expect([code, stderr.replace(/^Aggregating.*|^Looking.*/gm, '').trim()]).toEqual([0, '']);
    }
    const told = await call(['render', '--json'], { cwd: place });
    expect(JSON.parse(told.stdout)).toMatchObject({ visits: 3 });
    await withDatabase(async (db) => {
      const tables = await db.query(
        `select nspname as place, relname as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace
         where relname in ('dash_visits', 'dash_engagement', 'dash_users', 'zen_runs') and nspname like 'zen%' order by 2`,
      );
      expect(tables).toEqual(
        ['dash_engagement', 'dash_users', 'dash_visits', 'zen_runs'].map((name) => ({
          ...{ place: aggregates.schema, name },
        })),
      );
    });
  });

  test('is only read: nothing is restored into it or pruned from it', async () => {
    const place = temporaryFolder();
    writeFileSync(
      join(place, 'zen.json'),
      JSON.stringify({ database: address, log: { table: 'shop.sent' } }),
    );
    writeFileSync(join(place, 'log.csv'), 'ts\n1\n');
    const restored = await call(['restore', 'log.csv'], { cwd: place });
    expect([restored.code, restored.stderr]).toEqual([2, expect.stringContaining('which zen only reads')]);
    const pruned = await call(['prune', '--prune-raw', '30d', '--yes'], { cwd: place });
    expect([pruned.code, pruned.stderr]).toEqual([2, expect.stringContaining('which zen only reads')]);
  });
});

test.each(clocks)('the index on a time that is %s is used, in %s', async (type, time, write) => {
  const db = await openDatabase(newTarget('server'), { create: true });
  try {
    await db.run(`create table public.long_log ("at time" ${type}, event text)`);
    const literal = (ms: number) => (type.startsWith('timestamp') ? `'${write(ms)}'` : write(ms));
    for (let day = 0; day < 40; day++)
      await db.run(
        `insert into public.long_log select ${literal(midnight + day * 86_400_000)}::${type}, 'show' from generate_series(1, 500)`,
      );
    await db.run('create index on public.long_log ("at time")');
    await db.run('analyze public.long_log');
    useLog({ table: 'long_log', columns: { ts: 'at time' }, time });
    const day = { start: midnight + 86_400_000, end: midnight + 2 * 86_400_000 };
    const statement = overLog('ledger/changed', {
      counted: '(select now()::timestamp as dt, 1 as n) as none',
      events: 'n',
    });
    const plan = await db.query<Record<string, string>>(`explain ${statement}`, [
      ...windowOf(day, 'floor'),
      false,
      day.start,
      day.end,
    ]);
    const lines = plan.flatMap((row) => Object.values(row)).join('\n');
    expect(lines).toMatch(/Index.* on long_log/);
    expect(lines).not.toMatch(/Seq Scan on long_log/);
  } finally {
    useLog(undefined);
    await db.close();
  }
});

test('a log of another server is read through a foreign table, by the index on its time', async () => {
  const there = newTarget('server');
  const here = newTarget('server');
  const [remote, local] = [
    await openDatabase(there, { create: true }),
    await openDatabase(here, { create: true }),
  ];
  try {
    await remote.run('create table public.sold (at timestamptz, uid text, event text, item_topic text)');
    await remote.run(
      `insert into public.sold select timestamptz '2026-11-20' + n * interval '1 minute', n % 7, 'show', 'tea' from generate_series(0, 20000) as n`,
    );
    await remote.run('create index on public.sold (at)');
    await remote.run('analyze public.sold');
    const { hostname, port, pathname, username } = new URL(remote.label);
    await local.run('create extension postgres_fdw');
    await local.run(
      `create server far foreign data wrapper postgres_fdw options (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}')`,
    );
    await local.run(`create user mapping for current_user server far options (user '${username}')`);
    await local.run('create schema shop');
    await local.run('import foreign schema public limit to (sold) from server far into shop');
    const log: OwnLog = {
      ...{ table: 'shop.sold', time: 'timestamptz' },
      columns: { ts: 'at', user_id: 'uid', source_topic: null, age_segment: null },
    };
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify({ database: local.label, log }));
    expect(await call(['aggregate', '--end-dt', '2026-11-21'], { cwd })).toMatchObject({ code: 0 });
    const [sum] = await local.query('select sum(visits)::int as visits from dash_visits');
    expect(sum).toEqual({ visits: 1440 });
    useLog(log);
    const day = { start: midnight, end: midnight + 86_400_000 };
    const plan = await local.query<Record<string, string>>(
      `explain verbose ${overLog('ledger/changed', {
        counted: '(select now()::timestamp as dt, 1 as n) as none',
        events: 'n',
      })}`,
      [...windowOf(day, 'floor'), false, day.start, day.end],
    );
    const sent = plan.flatMap((row) => Object.values(row)).find((line) => line.includes('Remote SQL')) ?? '';
    expect(sent).toContain('WHERE');
    expect(
      await remote.query<Record<string, string>>(`explain ${sent.replace(/.*Remote SQL: /, '')}`),
    ).toContainEqual({
      'QUERY PLAN': expect.stringMatching(/Index/),
    });
  } finally {
    useLog(undefined);
    await local.close();
    await remote.close();
  }
});

test('a schema that another first run makes meanwhile is used, and so is a database', async () => {
  const target = newTarget('server');
  const url = target.kind === 'server' ? target.url : '';
  const [one, two] = await Promise.all([
    openServer(url, { create: true }),
    openServer(url, { create: true }),
  ]);
  useSchema('zen');
  const late = await openServer(url);
  try {
    let making: Promise<void> | undefined;
    await one.transaction(async (session) => {
      await session.run('create schema zen');
      making = createHome(late);
      const waiting = "select 1 from pg_locks where not granted and locktype = 'transactionid'";
      await until(async () => (await two.query(waiting)).length > 0);
    });
    await making;
    expect(await queryHome(late)).toMatchObject({ there: true });
  } finally {
    useSchema(undefined);
    for (const each of [one, two, late]) await each.close();
  }
});
