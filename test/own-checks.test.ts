import { describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDatabase } from '../src/db/open.ts';
import { dayMs, lastMidnight } from '../src/time.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { call } from './support/zen.ts';

const noon = lastMidnight(Date.now()) - dayMs / 2;

/** Ten shows and a click of a topic on yesterday's noon, five shows and no click of another; each by one person. */
const events = [
  ...Array.from({ length: 10 }, (_, user_id) => ({ user_id, item_topic: 'Кино', event: 'show' })),
  { user_id: 1, item_topic: 'Кино', event: 'click' },
  ...Array.from({ length: 5 }, (_, user_id) => ({ user_id, item_topic: "<b>'q'", event: 'show' })),
].map((event) => ({ ts: noon, source_topic: 's', age_segment: 'a', ...event }));

const checks = {
  'checks/clicks.sql': `-- Topics that nobody clicks.
with of_topics as (
  select item_topic, count(*) filter (where event = 'click') as clicks from log group by 1
)
select item_topic, clicks from of_topics where clicks = 0;
-- The end.`,
  'checks/few.sql':
    'select item_topic, sum(visits) as n from visits, period where dt >= start_dt and dt < end_dt group by 1 having sum(visits) < 5',
  'checks/many.sql': 'select n from generate_series(1, 9) as all_of(n)',
};

describe.each(kinds)('a check of one’s own, on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();

  async function run(files: Record<string, string>, ...args: string[]): ReturnType<typeof call> {
    for (const [path, content] of Object.entries({ 'zen.json': '{}', ...files })) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      writeFileSync(join(cwd, path), content);
    }
    return call([...args, '--database', database], { cwd });
  }

  test('is not run before there is what it reads; zen check says so', async () => {
    const db = await openDatabase(target, { create: true });
    await insertEvents(db, events);
    await db.close();
    const { code, stdout } = await run(checks, 'check');
    expect([code, stdout.split('\n').filter((line) => line.startsWith('FAIL'))]).toEqual([0, []]);
    const lines = stdout.split('\n').filter((line) => line.includes('checks/'));
    expect(lines).toEqual([
      'ok    checks/clicks.sql: runs',
      'note  checks/few.sql is not looked at yet: There is no table dash_visits in this database. Run zen aggregate first.',
      'ok    checks/many.sql: runs',
    ]);
  });

  test('keeps a page from being published, and tells the file with its first rows', async () => {
    const night = await run({}, 'nightly', '--out', 'zen.html', '--locale', 'en');
    expect([night.code, night.code === 5 ? '' : night.stderr]).toEqual([5, '']);
    expect(existsSync(join(cwd, 'zen.html'))).toBe(false);
    expect(night.stderr).toContain(
      "checks/clicks.sql finds: item_topic <b>'q', clicks 0. checks/many.sql finds: n 1; n 2; n 3; and more. Fix what it finds, or publish with a warning: --force.",
    );
    expect(night.stderr).toContain('check checks/few.sql: passed: checks/few.sql finds nothing.');
    const forced = await run({}, 'nightly', '--out', 'zen.html', '--locale', 'en', '--force');
    expect(forced.code).toBe(0);
    expect(readFileSync(join(cwd, 'zen.html'), 'utf8')).toContain(
      'checks/clicks.sql finds: item_topic &lt;b&gt;&#x27;q&#x27;, clicks 0.',
    );
  });

  test('that finds nothing lets it pass', async () => {
    const sound = {
      'checks/clicks.sql': 'select 1 where false',
      'checks/many.sql': 'select 1 as n from log where ts = 1',
    };
    const night = await run(sound, 'nightly', '--out', 'zen.html');
    expect([night.code, night.stdout]).toEqual([0, expect.stringContaining('; 10 of 10 checks passed')]);
  });

  test.each([
    [
      '-- Ё\nselect item_topic,\n  nothing\nfrom visits',
      /checks\/many\.sql cannot be run: .*column "nothing" does not exist \(line 3\)\. It is one SELECT over aggregates\./,
    ],
    [
      'select user_id from log',
      /checks\/many\.sql gives user_id, which identifies single people: count them instead\./,
    ],
    [
      'select 1 / (select count(*) from visits where false) as x',
      /checks\/many\.sql cannot be run: .*division by zero\./,
    ],
    ['delete from visits', /checks\/many\.sql cannot be run: /],
    ['select 1; select 2', /checks\/many\.sql cannot be run: /],
  ])('with a mistake is told by zen check and by a night: %s', async (statement, said) => {
    const before = readFileSync(join(cwd, 'zen.html'));
    const checked = await run({ 'checks/many.sql': statement }, 'check');
    expect([checked.code, checked.stdout]).toEqual([5, expect.stringMatching(said)]);
    const night = await run({}, 'nightly', '--out', 'zen.html');
    expect([night.code, night.stderr]).toEqual([2, expect.stringMatching(said)]);
    expect(readFileSync(join(cwd, 'zen.html')).equals(before)).toBe(true);
  });
});

test.each(['checks/no-topic.sql', 'templates/charts/my chart.vl.json', 'sql/aggregates/Просмотры.sql'])(
  'a file whose name would leave it out is refused: %s',
  async (path) => {
    const cwd = temporaryFolder();
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, 'zen.json'), '{}');
    writeFileSync(join(cwd, dirname(path), 'notes.txt'), '');
    expect(await call(['config'], { cwd })).toMatchObject({ code: 0 });
    writeFileSync(join(cwd, path), '');
    const { code, stderr } = await call(['config'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${path} would be ignored: name it with `)]);
  },
);
