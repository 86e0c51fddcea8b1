import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { kinds, newDatabase, newRole, newTarget, temporaryFolder } from './support/databases.ts';
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

const [settings, clicks, ages] = [
  'zen.json',
  'sql/aggregates/clicks.sql',
  'templates/charts/ages.vl.json',
] as const;
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
    const size =
      /^ok {4}size: a page of all that is aggregated has about 1\.0 MB, and \/.+ has room for [\d.]{1,5} [MG]B$/;
    expect(lines).toContainEqual(expect.stringMatching(size));
    expect(
      lines.filter((line) =>
        /^ok {4}templates\/charts\/(history|sources|funnel|people)\.vl\.json: compiles$/.test(line),
      ),
    ).toHaveLength(4);
    const after =
      kind === 'embedded' ? [] : await db.query("select from pg_class where relname ~ '^(dash|zen)_'");
    expect(after).toEqual([]);
  });

  test('the first chart of docs/charts.md is sound, and answered from columns', async () => {
    const doc = readFileSync('docs/charts.md', 'utf8');
    const [statement, spec] = ['sql', 'json'].map(
      (kind) => doc.split(`\`\`\`${kind}\n`)[1]?.split('\n```')[0],
    );
    const files = {
      [settings]: '{}',
      [clicks]: statement ?? '',
      'templates/charts/clicks.vl.json': spec ?? '',
    };
    const { code, lines } = await check(files, db.label);
    expect(code).toBe(0);
    expect(lines).toContain('ok    sql/aggregates/clicks.sql: dt, item_topic, source_topic → clicks');
    expect(lines).toContain('ok    templates/charts/clicks.vl.json: compiles');
  });

  test.each<[Record<string, string>, RegExp]>([
    [
      { [settings]: '{ "titel": "a" }' },
      /zen\.json, line 1: there is no setting “titel”\. Did you mean “title”\?$/,
    ],
    [
      { [clicks]: '-- Ё\nselect dt, count(*) as n,\n  agesegment from log group by 1, 3' },
      /clicks\.sql is not a SELECT over log: .*column "agesegment" does not exist \(line 3\)\.$/,
    ],
    [
      { [clicks]: 'select dt, user_id, count(*) as n from log group by 1, 2' },
      /clicks\.sql gives user_id, which identifies single people: count them instead\.$/,
    ],
    [
      { [clicks]: 'select dt, count(*) as n, count(*) as m from log group by dt' },
      /clicks\.sql returns two measures, n and m: write one file for each\.$/,
    ],
    [{ [clicks]: 'select count(*) as n from log' }, /clicks\.sql returns no dt: /],
    [
      { [clicks]: 'selec 1', [ages]: chart('age_segment').replace('visits', 'clicks') },
      /clicks\.sql is not a SELECT over log: .*syntax error .*\.$/,
    ],
    [
      { [ages]: chart('age') },
      /ages\.vl\.json uses the field “age”, which its data do not have\. Did you mean “age_segment”\?$/,
    ],
    [
      {
        [ages]: chart('age_segment').replace(
          '"mark"',
          '"usermeta":{"zen":{"finding":"largest of age_segment"}},"mark"',
        ),
      },
      /ages\.vl\.json: the finding “largest of age_segment” needs .+ in visits\. Its rows have age_segment, sum_visits\. Name those: “largest of <names> by <numbers>”\.$/,
    ],
    [{ [ages]: chart('age_segment.of') }, /ages\.vl\.json cannot be drawn: .+\.$/],
    [
      { [ages]: '{' },
      /ages\.vl\.json is not JSON: .+\. Write it as \{ "data": .+, as docs\/charts\.md does\.$/,
    ],
    [{ [ages]: 'null' }, /ages\.vl\.json is not an object\. Write it as \{ "data": .+\.$/],
    [
      { [ages]: chart('age_segment').replace('"bar"', '"rectt"') },
      /ages\.vl\.json does not compile, and Vega-Lite does not say why\. Look at its mark and its encoding; .+\.$/,
    ],
    [
      { [settings]: '{ "log": { "table": "shop.none" } }' },
      /The log cannot be read as zen\.json says: .*shop.*none.* does not exist\. Look at log\.table and log\.columns, where null stands for a column that the log lacks\.$/,
    ],
    [
      { [settings]: '{ "locale": "xx" }' },
      /There is no language “xx”\. There are en, ru; to add one, write .+\.$/,
    ],
    [
      { [settings]: '{\n"time-zone": "Europe/Mosco" }' },
      /zen\.json, line 2: time-zone: “Europe\/Mosco” is not a time zone: .+\.$/,
    ],
    [
      { [settings]: '{ "nightly": { "keep": "many" } }' },
      /zen\.json, line 1: nightly\.keep: “many” is not a whole number .+\.$/,
    ],
    [
      { [settings]: '{ "pages": [{ "name": "a" }, { "name": "a" }] }' },
      /zen\.json, line 1: the page “a” has the same file as the page “a”: .+\. Give it its own out\.$/,
    ],
    [
      { [settings]: '{ "pages": [{ "name": "a", "where": { "topic": ["News"] } }] }' },
      /A page in zen\.json filters by “topic”, which visits does not have\. It has item_topic, .+\.$/,
    ],
    [{ [settings]: '{ "funnel": ["show"] }' }, /line 1: “funnel” has 1 part\. Name 2 to 7\.$/],
    [{ [settings]: '{ "funnel": ["a", "a"] }' }, /line 1: “funnel” names “a” twice\. Keep one of them\.$/],
    [{ [settings]: '{ "panels": [] }' }, /line 1: “panels” has 0 parts\. Name 1 or more\.$/],
    [
      { 'templates/theme.json': '{ "colors": { "accent": "bleu" } }' },
      /theme\.json has "bleu" for “accent”\. Write a colour, such as #0a7d5a\.$/,
    ],
    [
      { 'templates/locales/de.json': '{' },
      /de\.json is not JSON: .+\. Write it as \{ "messages": \{ "All": "Alle" \} \}\.$/,
    ],
    [
      { 'templates/locales/de.json': '{ "messages": { "This file holds {events event|events}": "Hier" } }' },
      /de\.json lacks \{events\} in “This file holds \{events event\|events\}”\. Put it where the value belongs\.$/,
    ],
  ])('a mistake is one line, and exit 5: %j', async (mistake, said) => {
    const files = { [settings]: '{}', [clicks]: sound, [ages]: chart('age_segment'), ...mistake };
    const { code, lines } = await check(files, db.label);
    const faults = lines.filter((line) => !/^(ok|note) {2}|^A check failed\.$/.test(line));
    expect([code, faults]).toEqual([5, [expect.stringMatching(said)]]);
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
  const poor = newRole('poor');
  await insertEvents(db, []);
  await db.run(
    'create table public.dash_visits (dt timestamp, item_topic text, source_topic text, age_segment text, visits int)',
  );
  await db.run(`create role ${poor} login`);
  try {
    await db.run(`grant usage on schema public to ${poor}`);
    await db.run(`grant select on log_raw to ${poor}`);
    await db.run(`grant select on dash_visits to ${poor}`);
    const url = new URL(db.label);
    url.username = poor;
    const { code, lines } = await check({}, url.href);
    expect(code).toBe(5);
    const lacks = lines.filter((line) => line.includes('lacks a right'));
    expect(lacks).toEqual([
      `FAIL  ${poor} lacks a right. Have the owner run: grant create on schema public to ${poor}.`,
      `FAIL  ${poor} lacks a right. Have the owner run: grant delete, insert on dash_visits to ${poor}.`,
    ]);
  } finally {
    await db.run(`drop owned by ${poor}`);
    await db.run(`drop role ${poor}`);
    await db.close();
  }
});
