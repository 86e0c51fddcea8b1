import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { dayMs, isoTime, lastMidnight } from '../src/time.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { startServer } from './support/postgres.ts';
import { call, start } from './support/zen.ts';

const midnight = lastMidnight(Date.now());
const [minute, hour] = [60_000, 3_600_000];
const day = (ago: number) => midnight - ago * dayMs;
const events = (from: number, number: number) =>
  Array.from({ length: number }, (_, at) => ({
    ts: from + at * 1000,
    user_id: at,
    item_topic: 'topic',
    source_topic: 'source',
    age_segment: '18-25',
    event: 'show',
  }));

let url: string;
let cwd: string;
let db: Database;
const night = (...args: string[]) =>
  call(['nightly', '--out', 'zen.html', '--database', url, ...args], { cwd });
/** The events of the page. */
const shown = () => cellsOf(readPayload(readFileSync(join(cwd, 'zen.html'), 'utf8')), 'visits').sums.at(-1);

describe('events that come late', () => {
  beforeEach(async () => {
    [url, cwd] = [newUrl(), temporaryFolder()];
    db = await openDatabase({ kind: 'server', url }, { create: true });
    for (const ago of [12, 6, 3, 1]) await insertEvents(db, events(day(ago) + hour, 10));
    expect(await night()).toMatchObject({ code: 0 });
  });

  afterEach(() => db.close());

  test('are on the page of the next night, to which nobody lends a hand', async () => {
    await insertEvents(db, [...events(day(6) + hour, 2), ...events(day(3) + 5 * hour, 3)]);
    const { code, stderr } = await night();
    expect(code).toBe(0);
    expect(stderr).toContain('aggregate: Aggregated 25 events of ');
    expect(stderr).toContain('check events: passed');
    expect(shown()).toBe(35);
  });

  test('while the night is at work are aggregated before its checks are final', async () => {
    // One event of yesterday comes each time that a day is written: behind its snapshot.
    await db.run('create table public.left_to_come (n int)');
    await db.run('insert into public.left_to_come values (1)');
    await db.run(
      `create function public.come() returns trigger language plpgsql as $$ begin
         if exists (select from public.left_to_come) then
           delete from public.left_to_come;
           insert into public.log_raw (ts, user_id, item_topic, source_topic, age_segment, event)
           values (${day(1) + hour}, 99, 'topic', 'source', '18-25', 'show');
         end if;
         return null;
       end $$`,
    );
    await db.run('create trigger come after insert on zen_runs execute function public.come()');
    await insertEvents(db, events(day(2) + hour, 1));
    const { code, stderr } = await night();
    expect(code).toBe(0);
    expect(stderr).toContain(' heal: Aggregated 11 events of ');
    expect(shown()).toBe(32);
  });

  test('to a day before those that are healed keep the page, and the command that is named mends it', async () => {
    await insertEvents(db, events(day(3) + 5 * hour, 3));
    const refused = await night('--heal', '2d');
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('The log has 3 events, but the tables have 0');
    const command = /Run zen (aggregate --start-dt \S+ --end-dt \S+)\. /.exec(refused.stderr)?.[1] ?? '';
    expect(command).toBe(`aggregate --start-dt ${isoTime(day(3))} --end-dt ${isoTime(day(2))}`);
    expect(await call([...command.split(' '), '--database', url], { cwd })).toMatchObject({ code: 0 });
    expect(await night('--heal', '2d')).toMatchObject({ code: 0 });
    expect(shown()).toBe(33);
  });

  test('to a day before the page are told, and its page is published', async () => {
    await insertEvents(db, events(day(12) + 5 * hour, 3));
    const told = await night();
    expect([told.code, told.stderr]).toEqual([
      0,
      expect.stringMatching(
        /check events: warned: Before the period of the page, the log has 3 events, but the tables have 0/,
      ),
    ]);
    expect(told.stderr).toContain(
      `Run zen aggregate --start-dt ${isoTime(day(12) + hour)} --end-dt ${isoTime(day(11))}.`,
    );
    expect(await night('--fail-on', 'warn')).toMatchObject({ code: 5 });
    expect(await night('--heal', '30d', '--fail-on', 'warn')).toMatchObject({ code: 0 });
  });

  test('are aggregated by the rule of their day, or told', async () => {
    await insertEvents(db, events(day(3) + 5 * hour, 3));
    const { code, stderr } = await night('--minute', 'nearest');
    expect(code).toBe(5);
    expect(stderr).toContain(`Run zen aggregate --start-dt ${isoTime(day(3))} --end-dt ${isoTime(day(2))}. `);
  });

  test('heal no day that has also lost events: the page stays, and no number goes', async () => {
    await db.run(`delete from log_raw where ts = ${day(3) + hour}`);
    await insertEvents(db, events(day(3) + 5 * hour, 3));
    const { code, stderr } = await night();
    expect([code, stderr]).toEqual([
      5,
      expect.stringContaining('The log has 12 events, but the tables have 10'),
    ]);
    expect(shown()).toBe(30);
  });

  test('to a day that was pruned are told, and what is known of its people stays', async () => {
    expect(await night('--prune-raw', '5d')).toMatchObject({ code: 0 });
    await insertEvents(db, events(day(6) + hour, 2));
    const { code, stderr } = await night();
    expect([code, stderr]).toEqual([0, expect.stringContaining(' late: Came late: 1 minute of ')]);
    expect(stderr).not.toContain('does not count people');
    expect(shown()).toBe(30);
  });

  test('to a day that was pruned, before those that are healed, are mended by the command that is named', async () => {
    expect(await night('--prune-raw', '5d')).toMatchObject({ code: 0 });
    await insertEvents(db, [...events(day(12) + 5 * hour, 4), ...events(day(6) + 5 * hour, 3)]);
    const { code, stderr } = await night('--heal', '5d');
    expect([code, stderr]).toEqual([
      5,
      expect.stringContaining('Before the period of the page, the log has 4'),
    ]);
    const commands = [...stderr.matchAll(/^.*check events.*$/gm)].flatMap(([line]) => [
      ...line.matchAll(/Run zen (aggregate --start-dt \S+ --end-dt \S+?)\./g),
    ]);
    for (const [, command = ''] of commands)
      expect(await call([...command.split(' '), '--database', url], { cwd })).toMatchObject({ code: 0 });
    expect(await night('--heal', '5d', '--fail-on', 'warn')).toMatchObject({ code: 0 });
    expect([commands.length, shown()]).toEqual([2, 33]);
  });

  test('are found by their minute, where two stretches of the ledger meet in a day', async () => {
    const half = isoTime(day(3) + 12 * hour);
    const args = ['aggregate', '--start-dt', half, '--end-dt', isoTime(day(2)), '--database', url];
    expect(await call(args, { cwd })).toMatchObject({ code: 0 });
    await insertEvents(db, events(day(3) + 12 * hour - minute, 90));
    expect(await night()).toMatchObject({ code: 0 });
    expect(shown()).toBe(120);
  });
});

describe('a server that is not there', () => {
  test('is tried again with growing pauses, and the night ends well', async () => {
    const server = await startServer();
    cwd = temporaryFolder();
    db = await openDatabase({ kind: 'server', url: server.url });
    await insertEvents(db, events(day(1) + hour, 10));
    await db.close();
    await server.kill();
    const args = ['nightly', '--out', 'zen.html', '--database', server.url, '--retry-for', '5m'];
    const { child, outcome } = start(args, { cwd });
    let said = '';
    await new Promise<void>((resolve) =>
      child.stderr?.on('data', (text: string) => {
        said += text;
        if ((said.match(/ retry: /g) ?? []).length === 2) resolve();
      }),
    );
    expect(said).toMatch(/ retry: Cannot reach .* The next try is in 1 s\.\n.* The next try is in 2 s\.\n/);
    await server.start();
    expect(await outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Published /) });
    expect(shown()).toBe(10);
    await server.stop();
  });

  test('ends the night with exit 3 once the time is over, at once where none is given', async () => {
    cwd = temporaryFolder();
    const gone = ['nightly', '--out', 'zen.html', '--database', 'postgres://zen@127.0.0.1:1/log'];
    const once = await call(gone, { cwd });
    expect([once.code, once.stderr]).toEqual([3, expect.not.stringContaining(' retry: ')]);
    const again = await call([...gone, '--retry-for', '1s'], { cwd });
    expect([again.code, again.stderr.match(/ retry: /g)?.length]).toEqual([3, 1]);
    expect(existsSync(join(cwd, 'zen.html'))).toBe(false);
  });

  test('is waited for no longer after Ctrl-C', async () => {
    cwd = temporaryFolder();
    const args = ['nightly', '--database', 'postgres://zen@127.0.0.1:1/log', '--retry-for', '1h'];
    const { child, outcome } = start(args, { cwd });
    child.stderr?.on('data', (text: string) => {
      if (text.includes(' retry: ')) child.kill('SIGINT');
    });
    expect(await outcome).toMatchObject({ code: 130, stderr: expect.stringMatching(/\nInterrupted\.\n$/) });
  });
});
