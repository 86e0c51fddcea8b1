import { describe, expect, test } from '@jest/globals';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBackup } from '../src/restore/open.ts';
import { writeArchive } from './support/archive.ts';
import { temporaryFolder } from './support/databases.ts';

const folder = temporaryFolder();

function write(bytes: Buffer, name = 'zen.dump'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The columns and the rows of a table of the backup. */
async function read(path: string, table = 'log_raw'): Promise<{ columns: string[]; rows: string }> {
  const backup = await openBackup(path);
  try {
    const found = await backup.find(table);
    const pieces: Buffer[] = [];
    for await (const piece of backup.rows(found)) pieces.push(piece);
    return { columns: found.columns, rows: Buffer.concat(pieces).toString() };
  } finally {
    await backup.close();
  }
}

describe('a length that no archive has is damage, however large the file:', () => {
  const archive = writeArchive({ compression: 0, tables: [{ table: 'log_raw', columns: 'a', text: '' }] });

  function int(value: number): Buffer {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt32LE(value, 1);
    return bytes;
  }

  test.each([
    ['a text', 51, 512 << 20, 'zen.dump is damaged: a text of 536870912 bytes. Copy it again.'],
    [
      'a chunk of data',
      archive.length - 5,
      1.6e9,
      'zen.dump is damaged: a chunk of 1600000000 bytes. Copy it again.',
    ],
  ])('%s', async (_, place, length, message) => {
    const path = write(Buffer.concat([archive.subarray(0, place), int(length)]));
    truncateSync(path, 2e9); // a hole, which takes no room
    await expect(read(path)).rejects.toThrow(message);
  });
});

test.each(['INHERITS (public.base_log)', 'INHERITS (public.a, public.b)'])(
  'a table may have columns that its definition does not name: %s',
  async (inherits) => {
    const definition = `CREATE TABLE public.log_raw (\n    extra integer\n)\n${inherits};\n`;
    const tables = [{ table: 'log_raw', columns: 'ts, extra', text: '1\t2\n\\.\n', definition }];
    expect(await read(write(writeArchive({ tables })))).toEqual({ columns: ['ts', 'extra'], rows: '1\t2\n' });
  },
);
