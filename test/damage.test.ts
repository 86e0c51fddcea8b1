import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ZenError } from '../src/errors.ts';
import { mapColumns, nameColumns } from '../src/restore/columns.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore } from '../src/restore/restore.ts';
import type { Database } from '../src/db/database.ts';
import { mulberry32 } from '../fixtures/random.ts';
import { cases } from './support/cases.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';

const folder = 'fixtures/formats';
const names =
  'age_segment, event, event_id, item_id, item_topic, item_type, source_id, source_topic, source_type, ts, user_id'.split(
    ', ',
  );
/** The columns of binary COPY data, which names none. */
const places = new Map(names.map((name, at) => [name, String(at + 1)]));

/** A file of each format to damage; whether a checksum covers the rows, so that damage to them can be told. */
const formats: {
  name: string;
  file?: string;
  checked: boolean;
  times: number;
  /** Makes another file of it, or of its rows. */
  pack?: (good: Buffer, rows: string) => Buffer;
  columns?: ReadonlyMap<string, string>;
}[] = [
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
  { name: 'pyarrow.parquet', checked: false, times: 300 },
  { name: 'comma.csv', checked: false, times: 100, pack: (good) => Buffer.from(good.toString(), 'utf16le') },
  { name: 'custom.dump', checked: true, times: 100, pack: (good) => gzipSync(good) },
  { name: 'plain.sql', checked: false, times: 100, pack: (_, rows) => Buffer.from(jsonLines(rows)) },
  { name: 'plain.sql', checked: false, times: 300, pack: (_, rows) => binaryCopy(rows), columns: places },
];

type Outcome = { rows: string } | { error: string };

/** The rows of the log in a backup, or the sentence that says why there are none. */
async function attempt(path: string, given?: ReadonlyMap<string, string>): Promise<Outcome> {
  try {
    const backup = await openBackup(path, { columns: given });
    try {
      const table = await backup.find('log_raw');
      const { map, columns } = mapColumns(nameColumns(table, path, given), path, Buffer.alloc(0));
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

/** One in so many of the damaged backups is loaded, too. */
const loadedEvery = 11;

let db: Database;

beforeAll(async () => {
  db = await newDatabase('server');
});

afterAll(() => db.close());

/** Loads a backup; the sentence that says why it cannot be. */
async function load(path: string, columns?: ReadonlyMap<string, string>): Promise<string | undefined> {
  try {
    const backup = await openBackup(path, { columns });
    try {
      await restore(db, backup, { append: false, columns });
    } finally {
      await backup.close();
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ZenError)) throw error;
    return error.message;
  }
}

/** The rows of the log, each with its columns in the order of the alphabet, its numbers as numbers are written. */
async function stored(): Promise<string[]> {
  const texts = names.map((name) => `${name}::text as ${name}`).join(', ');
  const rows = await db.query<Record<string, string | null>>(`select ${texts} from log_raw`);
  return rows.map((row) => JSON.stringify(Object.values(row).map(plain))).sort();
}

/** The same of COPY text whose first line names its columns. */
function written(copy: string): string[] {
  const [header = '', ...lines] = copy.split('\n').slice(0, -1);
  const columns = header.split('\t');
  return lines
    .map((line) => {
      const values = line.split('\t').map(readValue);
      return JSON.stringify(names.map((name) => plain(values[columns.indexOf(name)] ?? null)));
    })
    .sort();
}

function plain(value: string | null): string | null {
  return value !== null && /^\s*[-+]?\d+\s*$/.test(value)
    ? String(BigInt(value.trim().replace('+', '')))
    : value;
}

const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const escape = /\\(?:[0-7]{1,3}|x[\da-f]{1,2}|.)/gis;

function unescape([, kind = '', ...digits]: string): string {
  if (/[0-7]/.test(kind)) return String.fromCharCode(parseInt(kind + digits.join(''), 8) & 255);
  if (digits.length > 0) return String.fromCharCode(parseInt(digits.join(''), 16));
  return letters[kind] ?? kind;
}

/** A value of COPY text (PostgreSQL's documentation of COPY, "Text Format"). */
function readValue(text: string): string | null {
  if (text === '\\N') return null;
  const bytes = Buffer.from(text)
    .toString('latin1')
    .replaceAll(escape, (found) => unescape(found));
  return Buffer.from(bytes, 'latin1').toString();
}

/** Loads the backup at that place: then the log holds what was read of it, or what it held before. */
async function check(path: string, outcome: Outcome, columns?: ReadonlyMap<string, string>): Promise<void> {
  const before = await stored();
  const refused = await load(path, columns);
  if (refused !== undefined) expect(refused).toMatch(sentence);
  else expect(outcome).toHaveProperty('rows');
  expect(await stored()).toEqual(refused === undefined && 'rows' in outcome ? written(outcome.rows) : before);
}

/** COPY text whose first line names its columns as JSON, an object a line. */
function jsonLines(copy: string): string {
  const [header = '', ...lines] = copy.split('\n').slice(0, -1);
  const columns = header.split('\t');
  const objects = lines.map((line) =>
    Object.fromEntries(line.split('\t').map((value, at) => [columns[at] ?? '', readValue(value)])),
  );
  return objects.map((each) => `${JSON.stringify(each)}\n`).join('');
}

/** The same in COPY's binary format: ids and times of 8 bytes. */
function binaryCopy(copy: string): Buffer {
  const [header = '', ...lines] = copy.split('\n').slice(0, -1);
  const columns = header.split('\t');
  const integer = (value: number, bytes: number) => {
    const written = Buffer.alloc(bytes);
    written.writeIntBE(value, 0, bytes);
    return written;
  };
  const field = (name: string, value: string | null) => {
    if (value === null) return integer(-1, 4);
    const bytes = /_id$|^ts$/.test(name) ? Buffer.alloc(8) : Buffer.from(value);
    if (bytes.length === 8 && /_id$|^ts$/.test(name)) bytes.writeBigInt64BE(BigInt(value.trim()));
    return Buffer.concat([integer(bytes.length, 4), bytes]);
  };
  const rows = lines.map((line) => {
    const values = line.split('\t').map(readValue);
    const fields = names.map((name) => field(name, values[columns.indexOf(name)] ?? null));
    return Buffer.concat([integer(names.length, 2), ...fields]);
  });
  return Buffer.concat([
    Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
    Buffer.alloc(8),
    ...rows,
    integer(-1, 2),
  ]);
}

const sentence = /^\P{Cc}{10,600}[.)]$/u;

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

test.each(formats.map((format) => ({ ...format, times: cases(format.times, 25) })))(
  '$name, damaged $times times: exact rows, or a sentence and the log as it was',
  async ({ name, file, checked, times, pack, columns }) => {
    const random = mulberry32(times + name.length);
    const whole = await attempt(join(folder, name));
    expect(whole).toHaveProperty('rows');
    const source = readFileSync(join(folder, name, file ?? ''));
    const good = pack ? pack(source, 'rows' in whole ? whole.rows : '') : source;
    const place = join(temporaryFolder(), 'damaged');
    if (file) {
      mkdirSync(place);
      cpSync(join(folder, name), place, { recursive: true });
    }
    expect(await load(join(folder, name))).toBeUndefined();
    const wrong: number[] = [];
    for (let time = 0; time < times; time++) {
      const bad = damages[time % damages.length]?.(good, random) ?? good;
      writeFileSync(join(place, file ?? ''), bad);
      const outcome = await attempt(place, columns);
      if ('error' in outcome) expect(outcome.error).toMatch(sentence);
      else if (checked && JSON.stringify(outcome) !== JSON.stringify(whole)) wrong.push(time);
      if (time % loadedEvery === 0) await check(place, outcome, columns);
    }
    expect(wrong).toEqual([]);
  },
);
