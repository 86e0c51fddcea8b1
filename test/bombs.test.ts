import { beforeAll, describe, expect, test } from '@jest/globals';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeArchive } from './support/archive.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { measure } from './support/measure.ts';
import { longParquet } from './support/parquet.ts';
import { zen } from './support/zen.ts';

const columns = 'ts, user_id, event, item_topic, source_topic, age_segment';
const header = `${columns.replaceAll(', ', ',')}\n`;
const table = `CREATE TABLE log_raw (${columns.replaceAll(',', ' text,')} text);\n`;
const folder = temporaryFolder();
const file = join(folder, 'bomb');
const url = newUrl();

/** A gzipped text that goes on with `unit` for a gigabyte. A gzipped file may have several parts. */
function gzipped(start: string, unit: string): Buffer {
  const part = gzipSync(unit.repeat((1 << 24) / unit.length), { level: 9 });
  return Buffer.concat([gzipSync(start), ...Array.from({ length: 60 }, () => part)]);
}

function archived(unit: string): Buffer {
  const text = unit.repeat(4e8 / unit.length);
  return writeArchive({ tables: [{ table: 'log_raw', columns, text }] });
}

const tooLong = /is longer than 64 MB|has a row of more than 64 MB/;

describe('a small file that inflates without end is refused, in bounded memory:', () => {
  beforeAll(async () => {
    writeFileSync(file, `${header}1,2,3,4,5,6\n`);
    const made = await zen(['restore', file, '--create', '--database', url], { cwd: folder });
    expect(made.code).toBe(0);
  });

  test.each<[string, () => Buffer, RegExp]>([
    ['an archive of zeros', () => archived('\0'), tooLong],
    ['an archive of blank rows', () => archived('\n'), /row 1 of (the log|log_raw)/],
    ['zeros', () => gzipped('', '\0'), /is neither text/],
    ['a comment', () => gzipped('-- ', 'x'), tooLong],
    ['a row of COPY data', () => gzipped(`${table}COPY log_raw FROM stdin;\n`, 'x'), tooLong],
    ['blank rows of COPY data', () => gzipped(`${table}COPY log_raw FROM stdin;\n`, '\n'), /row 1 of/],
    ['an INSERT statement', () => gzipped(`${table}INSERT INTO log_raw VALUES (1`, ',1'), tooLong],
    ['empty statements', () => gzipped(table, ';'), /holds no rows of log_raw/],
    ['a header', () => gzipped('ts,', 'a,'), tooLong],
    ['a quoted value', () => gzipped(`${header}"`, 'x'), tooLong],
    ['values', () => gzipped(header, ','), tooLong],
    ['a quote between tabs', () => gzipped(`${header.replaceAll(',', '\t')}"`, 'x'), tooLong],
    ['short rows', () => gzipped(header, '\n1'), /line 3: the row has 1 values instead of the 6/],
  ])('%s', async (_, write, message) => {
    writeFileSync(file, write());
    expect(statSync(file).size).toBeLessThan(2e6);
    const args = ['restore', file, '--yes', '--quiet', '--database', url];
    const { code, stdout, stderr, megabytes } = await measure(args, { cwd: folder });
    rmSync(file);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(megabytes).toBeLessThan(293);
  });
});

describe('a restore into a server holds no more than docs/backups.md states:', () => {
  const row = `(1569348001799,7,'show','Рассказы','Кино','18-25','${'x'.repeat(900)}')`;

  test.each<[string, () => string, number?]>([
    ['322,391 events', () => resolve('fixtures/zen.dump')],
    [
      '400,000 events of Parquet, in one group',
      () => {
        writeFileSync(file, longParquet(columns.split(', '), 400_000));
        return file;
      },
      300,
    ],
    [
      'an INSERT statement of 56 MB',
      () => {
        const text = `${row},`.repeat(Math.floor((56 << 20) / (row.length + 1)));
        writeFileSync(
          file,
          `${table.replace(' text)', ' text, note text)')}INSERT INTO log_raw VALUES ${text}${row};\n`,
        );
        return file;
      },
    ],
  ])('%s', async (_, write, most = 110) => {
    const args = ['restore', write(), '--create', '--quiet', '--yes', '--database', newUrl()];
    const { code, stderr, megabytes } = await measure(args, { cwd: folder });
    expect([code, stderr]).toEqual([0, '']);
    expect(megabytes).toBeLessThan(most);
  });
});
