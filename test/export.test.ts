import { beforeAll, describe, expect, test } from '@jest/globals';
import { exportRows } from '../src/aggregate/export.ts';
import { openDatabase } from '../src/db/open.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { call } from './support/zen.ts';

const noon = Date.parse('2026-11-20T12:00Z');

describe.each(kinds)('on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();
  const run = (...args: string[]) => call([...args, '--database', database], { cwd });

  beforeAll(async () => {
    const db = await openDatabase(target, { create: true });
    const event = (ts: number, item_topic: string | null, age_segment: string | null) => ({
      ...{ ts, user_id: 1, item_topic, source_topic: 'b', age_segment, event: 'show' },
    });
    await insertEvents(db, [
      event(noon, '=1+1;"a"\n', ''),
      event(noon + 1, '=1+1;"a"\n', ''),
      event(noon + 86_400_000, null, '45+'),
    ]);
    await db.close();
    expect(await run('aggregate', '--end-dt', '2026-11-22')).toMatchObject({ code: 0 });
  });

  test('rows are CSV in order of their minutes, with texts in quotes', async () => {
    const { code, stdout } = await run('export', 'visits');
    expect([code, stdout]).toEqual([
      0,
      '"dt","item_topic","source_topic","age_segment","visits"\r\n' +
        '"2026-11-20T12:00:00Z","=1+1;""a""\n","b","",2\r\n' +
        '"2026-11-21T12:00:00Z",,"b","45+",1\r\n',
    ]);
  });

  test('or an object a line, of a window', async () => {
    const { code, stdout } = await run('export', 'engagement', '--json', '--start-dt', '2026-11-21');
    expect([code, stdout]).toEqual([
      0,
      '{"dt":"2026-11-21T12:00:00Z","item_topic":null,"event":"show","age_segment":"45+","unique_users":1}\n',
    ]);
  });

  test('an hour is read at a time: a day of a busy site has more rows than memory, or than zen takes at once', async () => {
    const db = await openDatabase(target);
    const texts: string[] = [];
    try {
      await db.run(
        `insert into dash_visits (dt, visits) values ('2026-11-22 01:00', 1), ('2026-11-22 01:59', 1), ('2026-11-22 02:00', 1)`,
      );
      const window = { start: noon + 86_400_000 * 1.5, end: undefined };
      const rows = await exportRows(db, 'visits', 'json', window, (text) => {
        texts.push(text);
        return Promise.resolve();
      });
      expect([rows, texts.map((text) => text.match(/T[^Z]+/g))]).toEqual([
        3,
        [['T01:00:00', 'T01:59:00'], ['T02:00:00']],
      ]);
    } finally {
      await db.run(`delete from dash_visits where dt >= '2026-11-22'`);
      await db.close();
    }
  });

  test('an aggregate that is not there is named, with the nearest one', async () => {
    const { code, stdout, stderr } = await run('export', 'visit');
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringMatching(
        /^(This role is .*\n)?There is no aggregate “visit”\. Did you mean “visits”\?\n$/,
      ),
    ]);
  });
});
