import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Database } from '../src/db/database.ts';
import { refusal } from '../src/db/errors.ts';
import { ZenError } from '../src/errors.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore as load } from '../src/restore/restore.ts';
import { writeArchive } from './support/archive.ts';
import { kinds, newDatabase, newUrl, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

const names = ['event_id', 'ts', 'user_id', 'event', 'item_topic', 'source_topic', 'age_segment', 'item_id'];
type Values = (string | number)[];

const row = (id: number, topic = 'Наука'): Values => [
  id,
  1569348000000,
  9,
  'show',
  topic,
  'Кино',
  '18-25',
  7,
];
const long = 'x'.repeat(5 << 20);
const types = names.map((name) => `${name} ${/id$|ts/.test(name) ? 'bigint' : 'text'}`).join(', ');
const copyText = (rows: Values[]) => `${rows.map((values) => `${values.join('\t')}\n`).join('')}\\.\n`;
const separated = (rows: Values[], by: string) =>
  [names, ...rows].map((values) => `${values.join(by)}\n`).join('');
const literal = (value: string | number) => (typeof value === 'string' ? `'${value}'` : value);

/** UTF-8, but for the character 1, which stands for a byte that is none. */
const bytes = (text: string) => Buffer.from(Buffer.from(text).map((byte) => (byte === 1 ? 0xff : byte)));

/** The same rows in each format that Zen reads. */
const formats = {
  'an archive': (rows: Values[]) =>
    writeArchive({ tables: [{ table: 'log_raw', columns: names.join(', '), text: bytes(copyText(rows)) }] }),
  'a script with COPY': (rows: Values[]) =>
    bytes(`create table log_raw (${types});\nCOPY log_raw FROM stdin;\n${copyText(rows)}`),
  'a script with INSERT': (rows: Values[]) =>
    bytes(
      `create table log_raw (${types});\n` +
        rows.map((values) => `INSERT INTO log_raw VALUES (${values.map(literal).join(', ')});\n`).join(''),
    ),
  CSV: (rows: Values[]) => bytes(separated(rows, ',')),
  TSV: (rows: Values[]) => bytes(separated(rows, '\t')),
};
const forms = Object.keys(formats) as (keyof typeof formats)[];

const folder = temporaryFolder();
const good = join(folder, 'good.csv');
const bad = join(folder, 'bad');
writeFileSync(good, formats.CSV([row(77, 'Было')]));

async function restore(db: Database, path: string): Promise<void> {
  const backup = await openBackup(path);
  try {
    await load(db, backup, { append: false });
  } finally {
    await backup.close();
  }
}

describe.each(kinds)('the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
    await restore(db, good);
  });

  afterAll(() => db.close());

  /** Expects that a dump of those rows is refused in one line, which leaves the log as it was. */
  async function refuse(dump: Buffer, message: RegExp): Promise<void> {
    writeFileSync(bad, dump);
    const error = await restore(db, bad).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ZenError);
    const said = (error as ZenError).message;
    expect(said).toMatch(message);
    expect(said).toMatch(/^\P{Cc}{20,600}[.]$/u);
    const rows = await db.query('select event_id, item_topic from log_raw');
    expect(rows).toEqual([{ event_id: 77, item_topic: 'Было' }]);
  }

  describe.each(forms)('refuses %s', (form) => {
    test.each<[string, Values[], RegExp]>([
      [
        'with a text of 5 MB',
        [row(1), row(2, long)],
        /too long.* \(row 2 of log_raw, column item_topic: "xx/,
      ],
      ['with a byte that is no UTF-8', [row(1), row(2, '\x01')], /"UTF8": 0xff.*\(row 2 of log_raw\)/],
      [
        'with a NUL',
        [row(1), row(2, 'a\0b')],
        /has a NUL character in the row “2 .*a b.*”, and PostgreSQL keeps none\. /,
      ],
      [
        'with a time that is none, and would clear the screen',
        [row(1), row(2), [3, '1e\u001b[2J', ...row(3).slice(2)]],
        /row 3 of (log_raw, column ts: "1e \[2J"|the log: ts is “1e \[2J”)/,
      ],
      [
        'with a time of 100 kB',
        [...Array.from({ length: 5000 }, (_, id) => row(id)), [2, '9'.repeat(100_000), ...row(2).slice(2)]],
        /value "9{20,200}… \(row 5001 of log_raw, column ts: "99/,
      ],
    ])('%s', async (_, rows, message) => {
      await refuse(formats[form](rows), message);
    });
  });

  test.each<[string, (rows: Values[]) => Values[]]>([
    ['sent as binary', (rows) => rows],
    ['sent as text, behind others', (rows) => rows.with(4000, row(4000, '\\N'))],
  ])('counts the rows before one that many follow, %s', async (_, change) => {
    const many = Array.from({ length: 200_000 }, (_, id) => row(id));
    many[9999] = [9999, 1569348000000, 'oops', ...row(9999).slice(3)];
    const dump = formats['a script with COPY'](change(many));
    await refuse(dump, /bigint: "oops" \(row 10000 of log_raw, column user_id: "oops"\)/);
  });

  test.each([`E'\\0'`, `E'\\x00'`, `E'\\u0000'`, `E'\\U0011FFFF'`])('refuses the text %s', async (text) => {
    const values = row(1).map(literal).with(4, text).join(', ');
    await refuse(
      bytes(`create table log_raw (${types}); INSERT INTO log_raw VALUES (${values});`),
      /has a NUL character in the row/,
    );
  });
});

test.each(['line 3, column', 'строка 3, столбец', 'Zeile 3, Spalte'])(
  'a server that says “%s” counts its rows, too',
  (place) => {
    const error = Object.assign(new Error('no'), { where: `COPY log_raw, ${place} user_id: "4, 5"` });
    expect(refusal(error, 'It', 10).message).toBe(
      `It refused: no (row 13 of log_raw, ${place.split(' ')[2] ?? ''} user_id: "4, 5").`,
    );
  },
);

test('a pipe is refused with what to do', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(openBackup(pipe)).rejects.toThrow(/pipe is not a file.*Save it to one first\.$/);
});

describe('the command line says in one line why it cannot restore', () => {
  const url = newUrl();
  const whole = formats['an archive']([row(1), row(2)]);
  const restoring = (path: string) =>
    call(['restore', path, '--create', '--quiet', '--yes', '--database', url], { cwd: folder });

  beforeAll(async () => {
    expect(await restoring(good)).toMatchObject({ code: 0 });
  });

  test.each<[string, Buffer | string]>([
    ['nothing', ''],
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251))],
    ['a picture', readFileSync('docs/desktop.png')],
    ['a header without ts', `${'a,'.repeat(50_000)}\n`],
    ['a row that is too short', 'ts,user_id,event,item_topic,source_topic,age_segment\n1,2\n'],
    ['a quote that never ends', 'ts,user_id,event,item_topic,source_topic,age_segment\n"1,2\n'],
    ['an archive without its end', whole.subarray(0, whole.length - 9)],
    [
      'an archive that claims to have many contents',
      Buffer.concat([whole.subarray(0, 60), Buffer.alloc(99, 255)]),
    ],
    ['a gzipped file without its end', gzipSync(separated([row(1)], ',')).subarray(0, 40)],
    ['a tar archive of other things', writeTar('readme.txt')],
    [
      'a script of other tables',
      Array.from({ length: 500 }, (_, id) => `COPY t${id} (a) FROM stdin;\n\\.\n`).join(''),
    ],
    ['a script with a command', 'select 1;\n\\! touch /tmp/zen-was-here\n'],
    [
      'a script with an expression',
      `CREATE TABLE log_raw (${types});\nINSERT INTO log_raw VALUES (now());\n`,
    ],
    ['a value that the server refuses', formats.CSV([row(1, long)])],
  ])('%s', async (_, content) => {
    writeFileSync(bad, content);
    const { code, stdout, stderr } = await restoring(bad);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^(?!Unexpected)\P{Cc}{20,900}[.]\n$/u);
  });
});

/** A tar archive of one empty file. */
function writeTar(name: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write('00000000000', 124);
  header.write('ustar', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(1024)]);
}
