import { describe, expect, test } from '@jest/globals';
import type { BackupTable } from '../src/restore/formats/backup.ts';
import { Csv } from '../src/restore/formats/csv.ts';
import { source } from './support/source.ts';

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

async function take(text: string, size = 1 << 16): Promise<{ table: BackupTable; rows: string }> {
  const csv = new Csv(source('log.csv'), cut(text, size));
  const table = await csv.find();
  const pieces: Buffer[] = [];
  for await (const piece of csv.rows()) {
    expect(piece.at(-1)).toBe(10);
    pieces.push(piece);
  }
  return { table, rows: Buffer.concat(pieces).toString() };
}

test.each([
  ['commas', 'ts,topic,n\n1,a,2\n', '1\ta\t2\n'],
  ['semicolons', 'ts;topic;n\n1;a,b;2,5\n', '1\ta,b\t2,5\n'],
  ['tabs', 'ts\ttopic\tn\n1\ta,b\t;\n', '1\ta,b\t;\n'],
  ['quoted names', '"ts";"topic";"n"\n1;2;3\n', '1\t2\t3\n'],
  [
    'a byte order mark and line ends of Windows',
    '\ufeffts,topic,n\r\n1,a,"b"\r\n2,"c\r\nd",e\r\n',
    '1\ta\tb\n2\tc\\r\\nd\te\n',
  ],
  ['a last line without an end', 'ts, topic ,n\n1,2,3\n4,5,6', '1\t2\t3\n4\t5\t6\n'],
  ['empty lines', 'ts,topic,n\n\n1,2,3\n\r\n\n', '1\t2\t3\n'],
  ['NULL and an empty text', 'ts,topic,n\n,"",\\N\n"\\N",,""\n', '\\N\t\t\\N\n\\\\N\t\\N\t\n'],
  ['quotes', 'ts,topic,n\n"a ""b""","c, d",e\n""""," ",\'\n', 'a "b"\tc, d\te\n"\t \t\'\n'],
  [
    'values of which a part is in quotes, as COPY reads them',
    'ts,topic,n\na"b"c,a""b,a"b""c"\na"b,""c\nd"e,\\N"",x"y"\r\n',
    'abc\tab\tab"c\nab,"c\\nde\t\\\\N\txy\n',
  ],
  ['line ends and tabs in values', 'ts,topic,n\n"a\nb","c\td",e\tf\n', 'a\\nb\tc\\td\te\\tf\n'],
  ['backslashes', 'ts,topic,n\n\\,a\\nb,"\\."\n', '\\\\\ta\\\\nb\t\\\\.\n'],
  ['other alphabets', 'ts,topic,n\n1,Наука,"🐸"\n', '1\tНаука\t🐸\n'],
  [
    'COPY text with a header',
    'ts\ttopic\tn\n1\ta\\tb\\\\\t\\N\n2\t"c\t"d" e\n',
    '1\ta\\tb\\\\\t\\N\n2\t"c\t"d" e\n',
  ],
  ['quotes between tabs', 'ts\ttopic\tn\n1\t"a\tb\nc\\d"\t""\n', '1\ta\\tb\\nc\\\\d\t\n'],
  ['a quote between tabs that nothing closes', 'ts\ttopic\tn\n1\t"a\tb\n2\tc\td\n', '1\t"a\tb\n2\tc\td\n'],
  [
    'the escapes of ClickHouse, beside backslashes that start none,',
    "ts\ttopic\tn\nd\\'Artagnan\tC:\\\\a\\/b\\c\t\\.\n",
    "d\\'Artagnan\tC:\\\\a\\/b\\\\c\t\\\\.\n",
  ],
  ['columns at the end that have neither name nor value', 'ts,topic,n,,\n1,2,3,,""\n', '1\t2\t3\n'],
  ['a backslash before a tab', 'ts\ttopic\tn\n1\ta\\\t2\n', '1\ta\\\\\t2\n'],
  ['no rows', 'ts,topic,n\n', ''],
  ['no rows and no line end', 'ts,topic,n', ''],
])('%s are read, wherever the file is cut', async (_, text, expected) => {
  for (let size = 1; size <= Buffer.byteLength(text); size++) {
    const { table, rows } = await take(text, size);
    expect(rows).toBe(expected);
    expect(table).toEqual({ schema: '', name: 'log_raw', columns: ['ts', 'topic', 'n'], types: new Map() });
  }
});

test('many rows keep their order', async () => {
  const rows = Array.from({ length: 100_000 }, (_, index) => `${index},"x"\n`);
  const expected = Array.from({ length: 100_000 }, (_, index) => `${index}\tx\n`);
  expect((await take(`ts,topic\n${rows.join('')}`)).rows).toBe(expected.join(''));
});

test('a quote that nothing closes does not keep COPY text from being read on', async () => {
  const rows = `${'1\t"a\n'.repeat(9)}${'2\tb\n'.repeat(1 << 20)}`;
  let peak = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of cut(`ts\ttopic\n${rows}`, 1 << 12)) {
      unread += chunk.length;
      peak = Math.max(peak, unread);
      yield chunk;
    }
  }
  let unread = 0;
  const csv = new Csv(source('log.tsv'), counted()); // prettier-ignore
  await csv.find();
  let read = '';
  for await (const piece of csv.rows()) {
    unread = 0;
    read += piece.toString();
  }
  expect(read).toBe(rows);
  expect(peak).toBeLessThan(1 << 19);
});

describe('a line of 5 MB is looked at once:', () => {
  const json = Array.from({ length: 1 << 16 }, (_, id) => `{"id": ${id}, "event": "show", "topic": "Наука"}`);

  test.each([
    ['JSON', `[${json.join(', ')}]`, 'is not the header of a table'],
    ['a header of quoted names', `${'"x",'.repeat(1 << 20)}"ts"\n`, 'names more than 16384 columns'],
    ['a header that begins well', `ts,${'"x",'.repeat(1 << 20)}\n`, 'names more than 16384 columns'],
    ['quoted values', `ts,a\n${'"x",'.repeat(1 << 20)}\n`, 'line 2: the row has more values than the 2'],
    [
      'quoted values between tabs',
      `ts\ta\n${'"x"\t'.repeat(1 << 20)}\n`,
      'the row has more values than the 2',
    ],
    ['values', `ts,a\n${'x,'.repeat(1 << 21)}\n`, 'line 2: the row has more values than the 2'],
  ])('%s', async (_, text, message) => {
    const start = performance.now();
    await expect(take(text)).rejects.toThrow(message);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('a file that cannot be read is a sentence:', () => {
  test.each([
    ['an empty file', '', 'log.csv, line 1: “” is not the header of a table.'],
    ['a text', 'just a text\n', 'log.csv, line 1: “just a text” is not the header of a table.'],
    [
      'a short row',
      'ts,a,b\n1,2,3\n1,2\n',
      'log.csv, line 3: the row has 2 values instead of the 3 of the header.',
    ],
    [
      'a long row',
      'ts,a\n"x\ny",2\n1,2,3\n',
      'log.csv, line 4: the row has more values than the 2 of the header.',
    ],
    [
      'a short row between tabs',
      'ts\ta\n1\n',
      'line 2: the row has 1 values instead of the 2 of the header.',
    ],
    [
      'an open quote',
      'ts,a\n1,2\n1,"2\n3,4\n',
      'log.csv, line 3: a quote is never closed: the file is incomplete, or has quotes of another kind.',
    ],
    [
      'a quote within that is open',
      'ts,a\n1,2"\n3,4\n',
      'log.csv, line 2: a quote is never closed: the file is inc',
    ],
    [
      'a value that no name belongs to',
      'ts,a,\n1,2,\n1,Kino, films\n',
      'log.csv, line 3: the row has a value in a column that the header does not name.',
    ],
    ['a quote within', 'ts,a\n1,"2" 3\n', 'log.csv, line 2: something follows a closing quote.'],
  ])('%s', async (_, text, message) => {
    for (let size = 1; size <= Math.max(text.length, 1); size++) {
      await expect(take(text, size)).rejects.toThrow(message);
    }
    await expect(take(text)).rejects.toMatchObject({ failure: 'failed' });
  });
});
