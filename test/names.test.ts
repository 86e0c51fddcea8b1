import { namesOf } from '../src/shared/data/payload.ts';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between, mulberry32 } from '../fixtures/random.ts';
import { openDatabase } from '../src/db/open.ts';
import type { Database } from '../src/db/database.ts';
import type { Target } from '../src/config.ts';
import { kinds, newRole, newTarget, temporaryFolder } from './support/databases.ts';
import { readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { readPayload } from './support/payload.ts';
import { call } from './support/zen.ts';

const hostile = [
  ...[
    '</script><script>document.title="broken"</script>',
    '<!--<script',
    '{{x}}',
    '{{{payload}}}',
    '$&',
    "$'",
  ],
  ...[
    '"',
    "'",
    "'; drop table log_raw; --",
    'datum.x',
    '__proto__',
    'constructor',
    'a\u2028b\u2029c',
    '\u202Eabc',
  ],
  ...['👩‍👩‍👧‍👦', 'Ёж', 'ёж', 'e\u0301', '\u00E9', '\\N', '\\', '%00', '=cmd|"/c calc"!A1', '+1', '@x', '-1', ' '],
  ...['x'.repeat(129), 'д'.repeat(10_000), '🦔'.repeat(5000), ''],
];
const names = [...hostile, null];

/** Events with names of all kinds in every column; users, items and events have ids that nothing else is like. */
const events: (Sample & { id: number; item: number })[] = Array.from({ length: 600 }, (_, index) => {
  const random = mulberry32(index);
  const name = () => names[between(random, 0, names.length - 1)] as never;
  return {
    ts: 1569348000000 + between(random, 0, 9) * 60_000,
    user_id: 7_770_000_000_000 + index,
    id: 8_880_000_000_000 + index,
    item: 9_990_000_000_000 + index,
    item_topic: names[index % names.length] as never,
    source_topic: name(),
    age_segment: name(),
    event: index % 3 === 0 ? ('show' as const) : name(),
  };
});

function toCsv(): string {
  const cell = (text: string | null) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);
  const lines = events.map(({ ts, user_id, id, item, ...of }) =>
    [id, item, ts, user_id, ...[of.item_topic, of.source_topic, of.age_segment, of.event].map(cell)].join(),
  );
  return `event_id,item_id,ts,user_id,item_topic,source_topic,age_segment,event\n${lines.join('\n')}\n`;
}

describe.each(kinds)('hostile names, some of 10,000 characters, on the %s database', (kind) => {
  const cwd = temporaryFolder();
  const csv = join(cwd, 'log.csv');
  const page = join(cwd, 'zen.html');
  let target: Target;

  beforeAll(async () => {
    target = newTarget(kind);
    writeFileSync(csv, toCsv());
    const run = (...args: string[]) => call([...args, '--database', place()], { cwd });
    for (const args of [['restore', csv, ...(kind === 'server' ? ['--create'] : [])], ['aggregate']]) {
      const { code, stderr } = await run(...args);
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    }
    expect(await run('render', '--out', page)).toMatchObject({ code: 0 });
  });

  const place = () => (target.kind === 'server' ? target.url : target.folder);
  const look = async <T>(work: (db: Database) => Promise<T>) => {
    const db = await openDatabase(target);
    return work(db).finally(() => db.close());
  };

  test('are in the log as they were', async () => {
    const rows = await look((db) =>
      db.query('select item_topic, source_topic, age_segment, event from log_raw order by event_id'),
    );
    expect(rows).toEqual(
      events.map(({ item_topic, source_topic, age_segment, event }) => {
        return { item_topic, source_topic, age_segment, event };
      }),
    );
  });

  test('are aggregated each as itself', async () => {
    expect(await look(readVisits)).toEqual(countVisits(events, 'floor'));
    expect(await look(readEngagement)).toEqual(countEngagement(events, 'floor'));
  });

  test('are in the page as they were, and no id of a user, an item or an event is', () => {
    const html = readFileSync(page, 'utf8');
    const payload = readPayload(html);
    expect(new Set(namesOf(payload, 'item_topic'))).toEqual(
      new Set(names.map((name) => name || 'не указано')),
    );
    const all = html + JSON.stringify(payload, (_, value: unknown) => toArray(value));
    expect(all).not.toMatch(/(777|888|999)0{4}\d{6}/);
    expect(html.match(/<script/g)).toHaveLength(
      readFileSync('templates/page.hbs', 'utf8').match(/<script/g)?.length ?? 0,
    );
  });
});

function toArray(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value;
}

test('long names in tables of another role are one sentence with what to run, and the tables stay', async () => {
  const target = newTarget('server');
  const url = target.kind === 'server' ? target.url : '';
  const cwd = temporaryFolder();
  const csv = join(cwd, 'log.csv');
  writeFileSync(csv, toCsv());
  expect(await call(['restore', csv, '--create', '--database', url], { cwd })).toMatchObject({ code: 0 });
  const db = await openDatabase(target);
  await db.run(`create table dash_visits (record_id serial primary key, item_topic varchar(128), source_topic varchar(128),
    age_segment varchar(128), dt timestamp, visits int)`);
  await db.run("insert into dash_visits (dt, visits) values ('2019-09-24 18:00', 5)");
  const role = newRole('narrow');
  await db.run(`create role ${role} login`);
  await db.run(`grant usage, create on schema public to ${role}`);
  await db.run(`grant all on all tables in schema public to ${role}`);
  await db.run(`grant all on all sequences in schema public to ${role}`);
  const guest = new URL(url);
  guest.username = role;
  const { code, stderr } = await call(['aggregate', '--quiet', '--database', guest.href], { cwd });
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^The log has names that are too long for dash_visits.*owner run: alter table dash_visits alter/,
    ),
  ]);
  expect(await db.query('select visits from dash_visits')).toEqual([{ visits: 5 }]);
  await db.close();
});
