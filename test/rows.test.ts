import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { readColumns, readRows } from '../src/restore/rows.ts';

test('COPY text is cut between rows, wherever its chunks were cut, and ends at the line \\.', async () => {
  const text = Buffer.from('a\tb\n\\\\.\n\n\\.\n\nnot a row\n');
  for (let size = 1; size <= text.length; size++) {
    const count = Math.ceil(text.length / size);
    const chunks = Array.from({ length: count }, (_, index) =>
      text.subarray(index * size, (index + 1) * size),
    );
    let read = '';
    for await (const rows of readRows(Readable.from(chunks))) {
      expect(rows.length === 0 || rows.at(-1) === 10).toBe(true);
      read += rows.toString();
    }
    expect(read).toBe('a\tb\n\\\\.\n\n');
  }
});

test.each([
  ['COPY public.log_raw (a, b_c) FROM stdin;\n', ['a', 'b_c']],
  ['COPY "we(ird"."log, raw" ("A b", "q""q", "x)y") FROM stdin;\n', ['A b', 'q"q', 'x)y']],
  ['COPY public.log_raw () FROM stdin;\n', []],
])('the columns of %j are read', (copy, columns) => {
  expect(readColumns(copy)).toEqual(columns);
});
