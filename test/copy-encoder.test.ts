import { afterEach, describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import type { Database } from '../src/db/database.ts';
import { sql } from '../src/files.ts';
import { countLog } from '../src/restore/summary.ts';
import type { Counts } from '../src/restore/summary.ts';
import { CopyEncoder } from '../src/restore/copy/encoder.ts';
import { cases } from './support/cases.ts';
import { kinds, newDatabase } from './support/databases.ts';

const columns = [
  'item_type',
  'event_id',
  'item_topic',
  'source_topic',
  'ts',
  'age_segment',
  'user_id',
  'event',
];
const numbers = ['event_id', 'ts'];
const plain = ['url', '1', 'Наука', 'Кино', '1569348000000', '18-25', '9', 'show'];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A log of COPY text; `odd` are names that an encoder may leave to the database. */
function randomLog(seed: number, odd: string[]): string {
  const random = randomFrom(seed);
  const pick = (values: string[]) => values[Math.floor(random() * values.length)] ?? '';
  const number = (below: number) => Math.floor(random() * below);
  const some = (name: string) => `${name} ${number(40)}`;
  const spread = 10 ** (2 + number(8));
  const rows = Array.from({ length: 300 + number(700) }, () => [
    pick(['url', '\\N', '', 'a b ', 'Тип 🐸', `Тип ${number(200)}`, 'a\\b\\f\\n\\r\\t\\v\\\\']),
    pick(['\\N', `${number(spread)}`, `-${1 + number(spread)}`, `${number(100)}`]),
    pick([
      '\\N',
      '',
      'N',
      'None',
      'a\\tb',
      'a\\t',
      '\\\\N',
      some('Наука'),
      some('C:\\\\путь'),
      some('🐸'),
      ...odd,
    ]),
    pick([some('Кино'), some('__proto__'), '"quoted"', ...odd]),
    pick(['\\N', '0', '-5', `${1569348000 + number(9)}`, `${1569348000000 + number(1e6)}`, '4102444800000']),
    pick(['18-25', '<18', '\\N', '', '-']),
    pick(['\\N', 'nan', 'NaN', `${number(500)}`, 'a', 'ab', 'abc']),
    pick(['show', 'click', '\\N', some('kind')]),
  ]);
  return rows.map((row) => `${row.join('\t')}\n`).join('');
}

/** Returns what an encoder says, given the log in pieces of a few rows, and what it makes of them. */
function read(text: string): { counts: Counts | undefined; rows: number; binary: Buffer; rest: string } {
  const encoder = new CopyEncoder(columns, numbers);
  const rows = text.split(/(?<=\n)/);
  const made: Buffer[] = [];
  let rest = '';
  for (let at = 0; at < rows.length; at += 7) {
    const piece = Buffer.from(rows.slice(at, at + 7).join(''));
    const encoded = encoder.sure ? encoder.encode(piece) : [][Symbol.iterator]();
    let next = encoded.next();
    for (; !next.done; next = encoded.next()) made.push(Buffer.from(next.value));
    rest += piece.toString('utf8', next.value ?? 0);
  }
  for (const bytes of encoder.flush()) made.push(Buffer.from(bytes));
  return { counts: encoder.counts, rows: encoder.rows, binary: Buffer.concat(made), rest };
}

function countOf(text: string): Counts | undefined {
  return read(text).counts;
}

function one(place: number, value: string): string {
  return `${plain.with(place, value).join('\t')}\n`;
}

describe.each(kinds)('in the %s database', (kind) => {
  let db: Database;
  afterEach(() => db.close());

  test('rows that are counted as they pass give what SQL counts, and are the same in the table as from text', async () => {
    db = await newDatabase(kind);
    await db.run(sql('restore/table'));
    await db.run('alter table log_raw alter column user_id type text');
    const stored = () => db.query('select log::text as row from log_raw as log order by ctid');
    let certain = 0;
    const seeds = cases(40, 8);
    for (let seed = 1; seed <= seeds; seed++) {
      const text = randomLog(seed, seed % 4 === 0 ? ['a\\x09b', 'end ', 'x'.repeat(100)] : []);
      await db.run('truncate log_raw');
      await db.copy('log_raw', columns, Readable.from([Buffer.from(text)]));
      const [rows, counted] = [await stored(), await countLog(db)];
      const { counts, binary, rest, ...told } = read(text);
      await db.run('truncate log_raw');
      await db.copy('log_raw', columns, Readable.from([binary]), { binary: true });
      await db.copy('log_raw', columns, Readable.from([Buffer.from(rest)]));
      expect({ seed, rows: await stored() }).toEqual({ seed, rows });
      expect({ seed, rest, ...told }).toEqual({
        seed,
        rest: text
          .split(/(?<=\n)/)
          .slice(told.rows)
          .join(''),
        rows: told.rows,
      });
      if (!counts) continue;
      expect({ seed, counts }).toEqual({ seed, counts: counted });
      certain++;
    }
    expect(certain).toBe((seeds * 3) / 4);
  });
});

test('ids that repeat are found however far apart they are', () => {
  const ids = [0, 7, -7, 32_767, 32_768, -32_768, 999_999_999_999_999, -999_999_999_999_999];
  const log = [...ids, ...ids.toReversed(), 7].map((id) => one(1, String(id))).join('');
  expect(countOf(log)?.duplicate_ids).toBe(ids.length + 1);
});

test('an integer of any length becomes the same bigint, also where the rows end', () => {
  const digits = '123456789012345';
  const positive = Array.from(digits, (_, at) => digits.slice(0, at + 1)).concat('2147483648', '4294967296');
  const ids = ['0', ...positive.flatMap((id) => [id, `-${id}`])];
  const names = ['event', 'item_topic', 'source_topic', 'age_segment'];
  const made = ids.map((id) => {
    const encoder = new CopyEncoder([...names, 'user_id', 'ts', 'event_id'], ['user_id', 'ts', 'event_id']);
    const rows = Buffer.from(`a\tb\tc\td\t${id}\t${id}\t${id}\n`);
    const bytes = Buffer.concat([...encoder.encode(rows), ...encoder.flush()]);
    return [-32, -20, -8].map((at) => String(bytes.readBigInt64BE(bytes.length + at)));
  });
  expect(made).toEqual(ids.map((id) => [id, id, id]));
});

test('an id with a byte that only the highest bit tells from a digit is left to the database', () => {
  const encoder = new CopyEncoder(columns, numbers);
  const row = Buffer.from(one(1, '12\xb345678'), 'latin1');
  expect([[...encoder.encode(row)].length, encoder.sure]).toEqual([0, false]);
});

test('names that differ in one byte are told apart, and written as when they were new', () => {
  const names = Array.from({ length: 24 }, (_, length) => {
    const name = String.fromCharCode(97 + length).repeat(length);
    return [name, ...Array.from(name, (_letter, at) => `${name.slice(0, at)}-${name.slice(at + 1)}`)];
  }).flat();
  const once = names.map((name) => one(2, name)).join('');
  const { counts, binary } = read(once + once);
  expect(counts?.item_topics).toBe(new Set(names).size);
  const half = binary.length / 2;
  expect(binary.subarray(half).equals(binary.subarray(0, half))).toBe(true);
  expect(binary.subarray(half).equals(read(once).binary)).toBe(true);
});

test.each([
  ['an escape that PostgreSQL does not write', 2, 'a\\x09b'],
  ['a backslash that escapes the end of a value', 2, 'a\\'],
  ['a name with a space at its end, which a varchar may drop', 2, 'a '],
  ['a line end of Windows', 7, 'show\r'],
  ['a name of more than 512 bytes', 3, 'x'.repeat(513)],
  ['a name with a NUL', 3, 'a\0b'],
  ['an id that is a text', 1, 'a1'],
  ['an id with what follows the digits', 1, '123:4567'],
  ['an id with what precedes the digits', 1, '12345/7'],
  ['an empty id', 1, ''],
  ['an id with a zero in front', 1, '07'],
  ['an id that is minus nothing', 1, '-'],
  ['a minus zero', 1, '-0'],
  ['an id that a number does not hold', 1, '9007199254740993'],
  ['a time with a fraction', 4, '1569348000000.5'],
  ['a row with a value too many', 7, 'show\tmore'],
])('%s is left to the database', (_, place, value) => {
  expect(countOf(plain.join('\t') + '\n')).toBeDefined();
  expect(countOf(one(place, value))).toBeUndefined();
});

test('so are a row with a value too few, thousands of names, many that begin alike, ids too far apart, and a log without ids', () => {
  expect(countOf(`${plain.slice(1).join('\t')}\n${plain.join('\t')}\n`)).toBeUndefined();
  const many = (count: number, value: (index: number) => string, place: number) =>
    countOf(Array.from({ length: count }, (_, index) => one(place, value(index))).join(''));
  expect(many(4096, (index) => `${index} topics`, 2)?.item_topics).toBe(4096);
  expect(many(4097, (index) => `${index} topics`, 2)).toBeUndefined();
  expect(many(64, (index) => `topic ${index}`, 2)?.item_topics).toBe(64);
  expect(many(65, (index) => `topic ${index}`, 2)).toBeUndefined();
  expect(many(16_384, (index) => String(index * 32_768), 1)?.duplicate_ids).toBe(0);
  expect(many(16_385, (index) => String(index * 32_768), 1)).toBeUndefined();
  expect(
    new CopyEncoder(
      columns.filter((name) => name !== 'event_id'),
      numbers,
    ).counts,
  ).toBeUndefined();
});
