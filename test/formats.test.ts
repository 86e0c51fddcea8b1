import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore } from '../src/restore/restore.ts';
import { kinds, newDatabase, temporaryFolder } from './support/databases.ts';

const folder = 'fixtures/formats';
const dumps = [
  'custom.dump',
  'uncompressed.dump',
  'offsets.dump',
  'tar.tar',
  'directory',
  'directory-uncompressed',
  'plain.sql',
  'plain.sql.gz',
  'inserts.sql',
  'column-inserts.sql',
  'lz4.dump',
  'zstd.dump',
  'directory-lz4',
  'directory-zstd',
  'plain.sql.lz4',
  'plain.sql.zst',
  'statistics.dump',
  'statistics.tar',
  'directory-statistics',
  'statistics.sql',
];

/** The two logs as the source database itself gave them: COPY text. */
const lines = readFileSync(join(folder, 'rows.txt'), 'utf8').trimEnd().split('\n');
const log = lines.filter((line) => /^\d+\t/.test(line));
const other = lines.filter((line) => !log.includes(line));

const columns = {
  log_raw:
    'event_id, age_segment, event, item_id, item_topic, item_type, source_id, source_topic, source_type, ts, user_id',
  'app.events': 'event_id, user_id, ts, event, item_topic, source_topic, age_segment',
};

describe.each(kinds)('into the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  afterAll(() => db.close());

  async function restored(name: string, table: keyof typeof columns): Promise<string[]> {
    const backup = await openBackup(join(folder, name));
    await restore(db, backup, { append: false, tables: [table] });
    await backup.close();
    const texts = columns[table].split(', ').map((column) => `${column}::text as ${column}`);
    const rows = await db.query<Record<string, string | null>>(`select ${texts.join(', ')} from log_raw`);
    return inOrder(rows.map((row) => Object.values(row)));
  }

  test.each(dumps)('%s gives the rows that its database held', async (name) => {
    expect(await restored(name, 'log_raw')).toEqual(inOrder(log.map(readLine)));
  });

  test.each(dumps)(
    '%s: columns in another order, extra ones, ids that are texts, ts that is a timestamp',
    async (name) => {
      expect(await restored(name, 'app.events')).toEqual(inOrder(other.map(readLine)));
    },
  );

  test.each(['comma.csv', 'tab.tsv', 'comma.csv.lz4', 'comma.csv.zst'])(
    '%s gives the same rows, but for a text \\N, which there is a NULL',
    async (name) => {
      const rows = log.map((line) => readLine(line).map((value) => (value === '\\N' ? null : value)));
      expect(await restored(name, 'log_raw')).toEqual(inOrder(rows));
    },
  );

  test('ids that are texts are kept where nothing declares their types', async () => {
    const path = join(temporaryFolder(), 'log.csv');
    const rows = [
      'ts;user_id;event;item_topic;source_topic;age_segment',
      '2019-09-24 18:00:00.5+03;u-1;show;Дети;;18-25',
      '1569337200500;;click;"a;""b""";Кино;',
    ];
    writeFileSync(path, rows.map((row) => `${row}\n`).join(''));
    const fresh = await newDatabase(kind);
    const backup = await openBackup(path);
    await restore(fresh, backup, { append: false });
    await backup.close();
    const [ts, nothing] = [Date.UTC(2019, 8, 24, 15, 0, 0, 500), null];
    expect(
      await fresh.query('select ts, user_id, item_topic, source_topic, age_segment from log_raw'),
    ).toEqual([
      { ts, user_id: 'u-1', item_topic: 'Дети', source_topic: nothing, age_segment: '18-25' },
      {
        ts: 1569337200500,
        user_id: nothing,
        item_topic: 'a;"b"',
        source_topic: 'Кино',
        age_segment: nothing,
      },
    ]);
    await fresh.close();
  });
});

function inOrder(rows: (string | null)[][]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** The values of a line of COPY text (PostgreSQL's documentation of COPY, "Text Format"). */
function readLine(line: string): (string | null)[] {
  const escapes: Record<string, string> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', v: '\v' };
  return line
    .split('\t')
    .map((value) =>
      value === '\\N' ? null : value.replaceAll(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter),
    );
}
