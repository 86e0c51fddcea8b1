import { expect, test } from '@jest/globals';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZenError } from '../src/errors.ts';
import { mapColumns } from '../src/restore/columns.ts';
import { openBackup } from '../src/restore/open.ts';
import { mulberry32 } from '../fixtures/random.ts';
import { temporaryFolder } from './support/databases.ts';

const folder = 'fixtures/formats';

/** A file of each format to damage; whether a checksum covers the rows, so that damage to them can be told. */
const formats: { name: string; file?: string; checked: boolean; times: number }[] = [
  { name: 'custom.dump', checked: true, times: 300 },
  { name: 'offsets.dump', checked: true, times: 300 },
  { name: 'uncompressed.dump', checked: false, times: 300 },
  { name: 'tar.tar', checked: false, times: 300 },
  { name: 'directory', file: 'toc.dat', checked: true, times: 150 },
  { name: 'directory', file: '3369.dat.gz', checked: true, times: 150 },
  { name: 'plain.sql', checked: false, times: 200 },
  { name: 'plain.sql.gz', checked: true, times: 200 },
  { name: 'inserts.sql', checked: false, times: 100 },
  { name: 'comma.csv', checked: false, times: 100 },
  // pg_dump asks neither lz4 nor zstd for a checksum of what they compress.
  { name: 'lz4.dump', checked: false, times: 300 },
  { name: 'zstd.dump', checked: false, times: 300 },
  { name: 'directory-lz4', file: '3369.dat.lz4', checked: false, times: 150 },
  { name: 'directory-zstd', file: '3369.dat.zst', checked: false, times: 150 },
  { name: 'plain.sql.lz4', checked: false, times: 150 },
  { name: 'plain.sql.zst', checked: false, times: 150 },
  { name: 'comma.csv.lz4', checked: true, times: 300 },
  { name: 'comma.csv.zst', checked: true, times: 300 },
];

/** The rows of the log in a backup, or the sentence that says why there are none. */
async function attempt(path: string): Promise<{ rows: string } | { error: string }> {
  try {
    const backup = await openBackup(path);
    try {
      const table = await backup.find('log_raw');
      const { map, columns } = mapColumns(table, path);
      let rows = `${columns.join('\t')}\n`;
      for await (const piece of backup.rows(table)) rows += map(piece).toString();
      return { rows };
    } finally {
      await backup.close();
    }
  } catch (error) {
    if (!(error instanceof ZenError)) throw error;
    return { error: error.message };
  }
}

type Random = () => number;

const damages: ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
    return copy;
  },
  (bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + Math.floor(random() * 40))]);
  },
  (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    const end = Math.min(at + 1 + Math.floor(random() * 16), bytes.length);
    return Buffer.from(bytes).fill(Math.floor(random() * 256), at, end);
  },
];

test.each(formats)(
  '$name, damaged $times times: exact rows, or a sentence',
  async ({ name, file, checked, times }) => {
    const random = mulberry32(times + name.length);
    const whole = await attempt(join(folder, name));
    expect(whole).toHaveProperty('rows');
    const good = readFileSync(join(folder, name, file ?? ''));
    const place = join(temporaryFolder(), 'damaged');
    if (file) {
      mkdirSync(place);
      cpSync(join(folder, name), place, { recursive: true });
    }
    const wrong: number[] = [];
    for (let time = 0; time < times; time++) {
      const bad = damages[time % damages.length]?.(good, random) ?? good;
      writeFileSync(join(place, file ?? ''), bad);
      const outcome = await attempt(place);
      if ('error' in outcome) expect(outcome.error).toMatch(/^[^\n]{10,600}[.)]$/);
      else if (checked && JSON.stringify(outcome) !== JSON.stringify(whole)) wrong.push(time);
    }
    expect(wrong).toEqual([]);
  },
);
