import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { cutRows } from '../src/restore/copy/rows.ts';

test('COPY text is cut between rows, wherever its chunks were cut, and ends at the line \\.', async () => {
  const text = Buffer.from('a\tb\n\\\\.\n\n\\.\n\n\n');
  for (let size = 1; size <= text.length; size++) {
    const count = Math.ceil(text.length / size);
    const chunks = Array.from({ length: count }, (_, index) =>
      text.subarray(index * size, (index + 1) * size),
    );
    let read = '';
    for await (const rows of cutRows(Readable.from(chunks), 'a.dump')) {
      expect(rows.length === 0 || rows.at(-1) === 10).toBe(true);
      read += rows.toString();
    }
    expect(read).toBe('a\tb\n\\\\.\n\n');
  }
});

test.each([
  ['a\n', 'a.dump stops before its last row'],
  ['a\n\\.', 'a.dump stops before its last row'],
  ['a\n\\.\nb\n', 'a.dump has data after the last row'],
  ['a\n\\.\n\nb', 'a.dump stops before its last row'],
])('COPY text that is %j is refused', async (text, message) => {
  const read = async () => {
    for await (const rows of cutRows(Readable.from([Buffer.from(text)]), 'a.dump'))
      expect(rows).toBeDefined();
  };
  await expect(read()).rejects.toThrow(message);
});
