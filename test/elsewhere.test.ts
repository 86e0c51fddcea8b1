import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../src/db/open.ts';
import { dayMs, isoTime, lastMidnight } from '../src/time.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { call } from './support/zen.ts';

const midnight = lastMidnight(Date.now());
const at = (ago: number, time: string) => `${isoTime(midnight - ago * dayMs).slice(0, 10)} ${time}`;

/** The statements that the documents give for tables which another engine fills. */
function readStatements(): string[] {
  const [, block = ''] =
    /```sql\n(create table dash_visits[^]*?)```/.exec(readFileSync('docs/nightly.md', 'utf8')) ?? [];
  return block.split(/;\s*/).filter((statement) => statement !== '');
}

test('tables that another engine filled, with no log and no ledger, are checked and published', async () => {
  const [url, cwd] = [newUrl(), temporaryFolder()];
  const db = await openDatabase({ kind: 'server', url }, { create: true });
  const statements = readStatements();
  expect(statements.length).toBe(4);
  for (const statement of statements) await db.run(statement);
  const fill = async (ago: number, shows: number) => {
    await db.run(`insert into dash_visits (item_topic, source_topic, age_segment, dt, visits) values
      ('Кино', 'Дети', '18-25', '${at(ago, '10:00')}', ${shows + 1}), ('Кино', 'Кино', '18-25', '${at(ago, '10:00')}', 2)`);
    await db.run(`insert into dash_engagement (dt, item_topic, event, age_segment, unique_users) values
      ('${at(ago, '10:00')}', 'Кино', 'show', '18-25', ${shows}), ('${at(ago, '10:00')}', 'Кино', 'view', '18-25', 3)`);
  };
  const night = (...args: string[]) =>
    call(['nightly', '--no-aggregate', '--out', 'zen.html', '--database', url, '--json', ...args], { cwd });
  for (const ago of [4, 3, 1]) await fill(ago, 10);
  const lacking = await night();
  expect([lacking.code, lacking.stderr]).toEqual([
    5,
    expect.stringContaining(`No event in the tables on ${at(2, '').trim()}: fill them.`),
  ]);
  await fill(2, 20);
  const done = await night();
  expect([done.code, done.stderr]).toEqual([
    0,
    expect.not.stringMatching(/ note: (?!This role is a superuser)/),
  ]);
  expect(JSON.parse(done.stdout)).toMatchObject({ published: true, aggregated: null });
  const html = readFileSync(join(cwd, 'zen.html'), 'utf8');
  const { sums } = cellsOf(readPayload(html), 'visits');
  expect(sums.at(-1)).toBe(13 + 13 + 23 + 13);
  expect(await call(['verify', 'zen.html', '--database', url], { cwd })).toMatchObject({ code: 0 });
  await db.run(
    `update dash_engagement set unique_users = 2 where event = 'show' and dt = '${at(1, '10:00')}'`,
  );
  const impossible = await night('--last', '1d');
  expect([impossible.code, impossible.stderr]).toEqual([
    5,
    expect.stringContaining('2 users of shows and 3 of views'),
  ]);
  await db.run(`delete from dash_visits where dt >= '${at(1, '00:00')}'`);
  const stopped = await night();
  expect([stopped.code, stopped.stderr]).toEqual([
    5,
    expect.stringContaining('and nothing has come since. Check the feed.'),
  ]);
  await db.close();
});

test('with a ledger, zen aggregate may have filled the tables before', async () => {
  const [url, cwd] = [newUrl(), temporaryFolder()];
  const db = await openDatabase({ kind: 'server', url }, { create: true });
  const event = {
    ...{ ts: midnight - dayMs, user_id: 1, event: 'show' },
    ...{ item_topic: 'a', source_topic: 'b', age_segment: 'c' },
  };
  await insertEvents(db, [event]);
  const run = (...args: string[]) => call([...args, '--database', url], { cwd });
  expect(await run('aggregate')).toMatchObject({ code: 0 });
  expect(await run('nightly', '--no-aggregate')).toMatchObject({ code: 0 });
  await insertEvents(db, [{ ...event, user_id: 2 }]);
  const { code, stderr } = await run('nightly', '--no-aggregate');
  expect([code, stderr]).toEqual([5, expect.stringContaining('The log has 2 events, but the tables have 1')]);
  await db.close();
});
