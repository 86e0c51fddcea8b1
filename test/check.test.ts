import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { kinds, newDatabase, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { call } from './support/zen.ts';

/** Runs `zen check` on a project with these files, of which it may change none. */
async function check(
  files: Record<string, string>,
  database: string,
): Promise<{ code: number | null; lines: string[] }> {
  const cwd = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), content);
  }
  const before = readdirSync(cwd, { recursive: true });
  const { code, stdout, stderr } = await call(['check', '--database', database], { cwd });
  expect(readdirSync(cwd, { recursive: true })).toEqual(before);
  return { code, lines: `${stdout}${stderr}`.trimEnd().split('\n') };
}

/** A chart of visits by age. */
function chart(field: string): string {
  return JSON.stringify({
    width: 'container',
    height: 'container',
    data: { name: 'visits' },
    transform: [{ calculate: `datum.${field}.length`, as: 'letters' }],
    mark: 'bar',
    encoding: { x: { aggregate: 'sum', field: 'visits' }, y: { field, type: 'nominal' } },
  });
}

const sound =
  "select dt, age_segment, count(*) as clicks from log where event = 'click' group by dt, age_segment;";

describe.each(kinds)('on the %s database', (kind) => {
  const target = newTarget(kind);
  let db: Database;

  beforeAll(async () => {
    db = await openDatabase(target, { create: true });
    const names = { item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
    await insertEvents(db, [{ ts: Date.UTC(2026, 10, 20), user_id: 1, ...names }]);
    if (kind === 'embedded') await db.close(); // for the command to open
  });

  afterAll(() => (kind === 'server' ? db.close() : undefined));

  test('a sound project is told line by line, and nothing is made in the database', async () => {
    const files = {
      'zen.json': '{}',
      'sql/aggregates/clicks.sql': sound,
      'templates/charts/ages.vl.json': chart('age_segment'),
    };
    const { code, lines } = await check(files, db.label);
    expect([code, lines.filter((line) => !line.startsWith('ok'))]).toEqual([
      0,
      [
        'note  No index tells the time of the log, so that each run reads all of it: create index on log_raw (ts).',
        'note  templates/charts/ages.vl.json cannot be answered from columns, so that it is slow to filter.',
      ],
    ]);
    expect(lines).toContain('ok    sql/aggregates/clicks.sql: dt, age_segment → clicks');
    expect(lines).toContainEqual(expect.stringMatching(/^ok {4}size: a page of all that is aggregated has about 1\.0 MB, and \/.+ has room for [\d.]+ MB$/)); // prettier-ignore
    expect(
      lines.filter((line) =>
        /^ok {4}templates\/charts\/(history|sources|funnel|people)\.vl\.json: compiles$/.test(line),
      ),
    ).toHaveLength(4);
    const after =
      kind === 'embedded' ? [] : await db.query("select from pg_class where relname ~ '^(dash|zen)_'");
    expect(after).toEqual([]);
  });

  test.each([
    [
      '{ "titel": "a" }',
      sound,
      'age_segment',
      /zen\.json, line 1: there is no setting “titel”\. Did you mean “title”\?$/,
    ],
    [
      '{}',
      '-- Ё\nselect dt, count(*) as n,\n  agesegment from log group by 1, 3',
      'age_segment',
      /^FAIL {2}sql\/aggregates\/clicks\.sql is not a SELECT over log: .*column "agesegment" does not exist \(line 3\)\.$/,
    ],
    [
      '{}',
      'select dt, user_id, count(*) as n from log group by 1, 2',
      'age_segment',
      /^FAIL {2}sql\/aggregates\/clicks\.sql gives user_id, which identifies single people: count them instead\.$/,
    ],
    [
      '{}',
      'select dt, count(*) as n, count(*) as m from log group by dt',
      'age_segment',
      /^FAIL {2}sql\/aggregates\/clicks\.sql returns two measures, n and m: write one file for each\.$/,
    ],
    [
      '{}',
      'select count(*) as n from log',
      'age_segment',
      /^FAIL {2}sql\/aggregates\/clicks\.sql returns no dt: /,
    ],
    [
      '{}',
      sound,
      'age',
      /^FAIL {2}templates\/charts\/ages\.vl\.json uses the field “age”, which its data do not have\. Did you mean “age_segment”\?$/,
    ],
    ['{}', sound, 'age_segment.of', /^FAIL {2}templates\/charts\/ages\.vl\.json cannot be drawn: .+\.$/],
    [
      '{ "log": { "table": "shop.none" } }',
      sound,
      'age_segment',
      /^FAIL {2}The log cannot be read as zen\.json says: .*shop.*none.* does not exist\. Look at log\.table and log\.columns\.$/,
    ],
  ])('a mistake is a line, and exit 5: %s %s %s', async (settings, statement, field, said) => {
    const files = {
      'zen.json': settings,
      'sql/aggregates/clicks.sql': statement,
      'templates/charts/ages.vl.json': chart(field),
    };
    const { code, lines } = await check(files, db.label);
    expect(code).toBe(5);
    expect(lines).toContainEqual(expect.stringMatching(said));
  });
});

test('a database that is not there is a line; the charts are looked at all the same', async () => {
  const { code, lines } = await check(
    { 'templates/charts/odd.vl.json': chart('age'), 'zen.json': '{}' },
    'nowhere',
  );
  expect(code).toBe(5);
  expect(lines).toContainEqual(expect.stringMatching(/^FAIL {2}There is no database at .*nowhere\./));
  expect(lines).toContainEqual(expect.stringMatching(/history\.vl\.json: compiles$/));
});

test('rights that a role lacks are grants to type', async () => {
  const db = await newDatabase('server');
  await insertEvents(db, []);
  await db.run(
    'create table public.dash_visits (dt timestamp, item_topic text, source_topic text, age_segment text, visits int)',
  );
  await db.run('create role poor login');
  try {
    await db.run('grant usage on schema public to poor');
    await db.run('grant select on log_raw to poor');
    await db.run('grant select on dash_visits to poor');
    const url = new URL(db.label);
    url.username = 'poor';
    const { code, lines } = await check({}, url.href);
    expect(code).toBe(5);
    const lacks = lines.filter((line) => line.includes('lacks a right'));
    expect(lacks).toEqual([
      'FAIL  poor lacks a right. Have the owner run: grant create on schema public to poor.',
      'FAIL  poor lacks a right. Have the owner run: grant delete, insert on dash_visits to poor.',
    ]);
  } finally {
    await db.run('drop owned by poor');
    await db.run('drop role poor');
    await db.close();
  }
});
