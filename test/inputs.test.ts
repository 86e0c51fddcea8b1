import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Database } from '../src/db/database.ts';
import type { BackupOptions } from '../src/restore/formats/backup.ts';
import { openBackup, spool } from '../src/restore/formats/detect.ts';
import { restore } from '../src/restore/restore.ts';
import type { RestoreOptions } from '../src/restore/restore.ts';
import { writeArchive } from './support/archive.ts';
import { longParquet } from './support/parquet.ts';
import { kinds, newDatabase, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';
import { lz4Frame, zstdFrame } from './support/frames.ts';

/** The same few rows in every form that people have, or a refusal that says the way on. */
const names = ['event_id', 'ts', 'user_id', 'event', 'item_topic', 'source_topic', 'age_segment'];
const rows: (string | null)[][] = [
  ['1', '1569348001799', '7', 'show', 'Рассказы', 'Кино', '18-25'],
  ['2', '1569348003598', '8', 'click', 'Ёлки "новогодние"', 'Сад и дача', '26-30'],
  ['3', '1569348005397', '9', 'view', 'Кино, сериалы; музыка', 'Россия', '45+'],
  ['4', '1569348007196', null, 'show', 'Наука', null, '18-25'],
];

/** The rows as PostgreSQL 15 writes them in binary, with a timestamptz, an integer, and a uuid and a numeric that the log has not. */
const binary = readFileSync('fixtures/formats/timestamps.copy');
const places = new Map(names.map((name, at) => [name, String(at + 1)]));
/** 3,000 rows: of so many the user is NULL, then a number of 4 bytes that might be letters; the last one has another. */
function binaryUsers(nulls: number, end = 'ABCD'): Buffer {
  const integer = (value: bigint, bytes: number) => {
    const written = Buffer.alloc(8);
    written.writeBigInt64BE(value);
    return written.subarray(8 - bytes);
  };
  const field = (value: Buffer | string) => {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([integer(BigInt(bytes.length), 4), bytes]);
  };
  const all = Array.from({ length: 3000 }, (_, at) => {
    const user = at < nulls ? integer(-1n, 4) : field(at === 2999 ? end : 'ABCD');
    const [id, ts] = [field(integer(BigInt(at), 8)), field(integer(1_569_348_001_799n, 8))];
    return Buffer.concat([integer(7n, 2), id, ts, user, ...['show', 'a', 'b', 'c'].map(field)]);
  });
  return Buffer.concat([binary.subarray(0, 19), ...all, integer(-1n, 2)]);
}
const withPrice = new Map([...places, ['item_id', '9']]);

type Options = BackupOptions & Partial<RestoreOptions>;
type File = Buffer | string | Record<string, Buffer | string>;

const folder = temporaryFolder();
let last = 0;

/** Writes a file, or several, and gives their paths. */
function write(file: File): string[] {
  const files = typeof file === 'string' || Buffer.isBuffer(file) ? { log: file } : file;
  last++;
  return Object.entries(files).map(([name, content]) => {
    const path = join(folder, String(last), name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  });
}

function quote(value: string | null): string {
  return value === null ? '' : /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const table = [names, ...rows];
const csv = table.map((row) => `${row.map(quote).join(',')}\n`).join('');
const text = rows.map((row) => `${row.map((value) => value ?? '\\N').join('\t')}\n`).join('');
const definition = `CREATE TABLE public.log_raw (event_id bigint, ts bigint, user_id bigint, ${names
  .slice(3)
  .map((name) => `${name} text`)
  .join(', ')});\n`;
const copy = `COPY public.log_raw (${names.join(', ')}) FROM stdin;\n${text}\\.\n`;
const script = `SET client_encoding = 'UTF8';\n${definition}${copy}`;
const other = 'CREATE TABLE public.t (a integer);\nCOPY public.t (a) FROM stdin;\n1\n\\.\n';
const archive = archiveOf(Buffer.from(text));

function archiveOf(data: Buffer, encoding = 'UTF8', minor = 14): Buffer {
  const end = Buffer.from('\\.\n\n\n');
  return writeArchive({
    ...{ minor, encoding },
    tables: [{ table: 'log_raw', columns: names.join(', '), text: Buffer.concat([data, end]) }],
  });
}

/** Encodes by the bytes that the platform reads as these characters. */
function encode(content: string, encoding: string): Buffer {
  const decoder = new TextDecoder(encoding);
  const bytes = new Map(
    Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte] as const),
  );
  return Buffer.from(Array.from(content, (char) => bytes.get(char) ?? fail(char, encoding)));
}

function fail(char: string, encoding: string): never {
  throw new Error(`${encoding} has no ${char}.`);
}

function utf16(content: string, isBig = false, mark = ''): Buffer {
  const bytes = Buffer.from(`${mark}${content}`, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
}

/** A tar archive (POSIX ustar). */
function tar(files: Record<string, Buffer | string>): Buffer {
  const members = Object.entries(files).map(([name, content]) => {
    const data = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(data.length.toString(8).padStart(11, '0'), 124);
    header.write(name.endsWith('/') ? '5' : '0', 156);
    header.write('ustar\0', 257);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
    return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
  });
  return Buffer.concat([...members, Buffer.alloc(1024)]);
}

/** A directory dump with long names, each in a member before its own. */
function longTar(kind: string, write: (path: string) => string): Buffer {
  const members = Object.entries(directory()).filter(([name]) => name !== '');
  const pairs = members.map(([name, data]) => {
    const before = tar({ name: write(`${'d'.repeat(120)}/${name}`) }).subarray(0, 1024);
    before.write(kind, 156);
    before.fill(' ', 148, 156);
    const sum = before.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    before.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
    return Buffer.concat([before, tar({ short: data }).subarray(0, -1024)]);
  });
  return Buffer.concat([...pairs, Buffer.alloc(1024)]);
}

/** The same without the mark of POSIX. */
function oldTar(files: Record<string, Buffer | string>): Buffer {
  const bytes = tar(files);
  bytes.fill(0, 257, 263);
  bytes.fill(' ', 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
  return bytes;
}

/** The files of a directory dump. */
function directory(prefix = ''): Record<string, Buffer> {
  const recipe = { table: 'log_raw', columns: names.join(', '), text: '' };
  return {
    [prefix]: Buffer.alloc(0),
    [`${prefix}toc.dat`]: writeArchive({ format: 5, tables: [recipe] }),
    [`${prefix}1.dat.gz`]: gzipSync(`${text}\\.\n\n\n`),
  };
}

/** The table in another dialect of CSV, every text quoted. */
function dialect(delimiter: string, mark = '"', escape = mark): string {
  const quoted = (value: string) =>
    `${mark}${(escape === mark ? value : value.replaceAll(escape, escape + escape)).replaceAll(mark, escape + mark)}${mark}`;
  const written = (value: string | null) =>
    value === null || /^\d+$/.test(value) ? (value ?? '') : quoted(value);
  return table.map((row) => `${row.map(written).join(delimiter)}\n`).join('');
}

/** The rows as INSERT statements, several a statement. */
function inserts(time = (ts: string | null) => ts ?? 'NULL', type = 'bigint'): string {
  const literal = (value: string | null) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`);
  const values = rows.map(
    (row) => `\t (${row.map((value, at) => (at === 1 ? time(value) : literal(value))).join(',')})`,
  );
  const start = `INSERT INTO public.log_raw (${names.join(',')}) VALUES\n`;
  return `${definition.replace('ts bigint', `ts ${type}`)}${start}${values.slice(0, 3).join(',\n')};\n${start}${values.slice(3).join()};\n`;
}

function copyWith(options: string, data: string): string {
  return `${definition}COPY public.log_raw (${names.join(', ')}) FROM STDIN ${options};\n${data}\\.\n`;
}

const objects = rows.map((row): Record<string, string | number | null> =>
  Object.fromEntries(
    row.map((value, at) => [names[at] ?? '', at < 3 && value !== null ? Number(value) : value]),
  ),
);
const jsonLines = objects.map((each) => `${JSON.stringify(each)}\n`).join('');

type ParquetWriting = Parameters<typeof parquetWriteBuffer>[0];

/** The rows in Parquet. `ts` is of that type, and as `time` writes it. */
function parquet(
  type: object = { type: 'INT64' },
  time: (ts: bigint) => unknown = (ts) => ts,
  options: Partial<ParquetWriting> = {},
): Buffer {
  const typeOf = (at: number): object => {
    if (at === 1) return type;
    return at < 3 ? { type: 'INT64' } : { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
  };
  const columnData = names.map((name, at) => {
    const values = rows.map((row) => row[at] ?? null);
    const numbers = () => values.map((value) => (value === null ? null : BigInt(value)));
    return { name, data: at === 1 ? numbers().map((ts) => time(ts ?? 0n)) : at < 3 ? numbers() : values };
  });
  const schema = names.map((name, at) => ({ name, repetition_type: 'OPTIONAL', ...typeOf(at) }));
  const whole = { columnData, schema: [{ name: 'root', num_children: names.length }, ...schema] };
  return Buffer.from(parquetWriteBuffer({ ...(whole as ParquetWriting), ...options }));
}

/** A block of lz4 that has literals only. */
function lz4Block(bytes: Uint8Array): Uint8Array {
  const more = bytes.length - 15;
  const lengths = more < 0 ? [] : [...Array<number>(Math.floor(more / 255)).fill(255), more % 255];
  return Buffer.concat([Buffer.from([Math.min(bytes.length, 15) << 4, ...lengths]), bytes]);
}

type Codec = 'GZIP' | 'BROTLI' | 'ZSTD' | 'LZ4_RAW';
const packed = (codec: Codec, pack: (bytes: Uint8Array) => Uint8Array) =>
  parquet(undefined, undefined, { codec, compressors: { [codec]: pack } });

const cut = (bytes: Buffer) => ({
  'zen.001': bytes.subarray(0, 70),
  'zen.002': bytes.subarray(70, 71),
  'zen.003': bytes.subarray(71),
});

const russian = ['windows-1251', 'koi8-r', 'ibm866'];
const latin = (content: string) => Buffer.from(content, 'latin1');

const exact: [title: string, file: File, options?: Options][] = [
  ['CSV', csv],
  ['plain SQL', script],
  ['an archive', archive],
  ...russian.map((encoding): [string, File, Options] => [
    `CSV in ${encoding}, which it does not say`,
    encode(csv, encoding),
    { encoding },
  ]),
  ...[
    ['WIN1251', 'windows-1251'],
    ['win', 'windows-1251'],
    ['KOI8R', 'koi8-r'],
    ['KOI8U', 'koi8-u'],
    ['WIN866', 'ibm866'],
    ['ISO_8859_5', 'iso-8859-5'],
  ].flatMap(([name = '', encoding = '']): [string, File][] => [
    [`plain SQL in ${name}`, encode(script.replace('UTF8', name), encoding)],
    [`an archive in ${name}`, archiveOf(encode(text, encoding), name)],
  ]),
  [
    'plain SQL that sets its encoding with names',
    encode(`SET NAMES 'koi8r';\n${definition}${copy}`, 'koi8-r'),
  ],
  ['plain SQL in SQL_ASCII', encode(script.replace('UTF8', 'SQL_ASCII'), 'koi8-r'), { encoding: 'KOI8-R' }],
  ['an archive in SQL_ASCII', archiveOf(encode(text, 'ibm866'), 'SQL_ASCII'), { encoding: 'cp866' }],
  ['plain SQL that has become UTF-8', script.replace('UTF8', 'WIN1251'), { encoding: 'utf-8' }],
  ['CSV in UTF-16 with its mark', utf16(csv, false, '\ufeff')],
  ['CSV in UTF-16 of the other order with its mark', utf16(csv, true, '\ufeff')],
  ['CSV in UTF-16 without its mark', utf16(csv)],
  ['plain SQL in UTF-16 without its mark, of the other order', utf16(script, true)],
  ['plain SQL in UTF-16, whatever it says', utf16(script.replace('UTF8', 'WIN1251'), false, '\ufeff')],
  ['gzipped UTF-16', gzipSync(utf16(csv))],
  ['a compressed archive', gzipSync(archive)],
  ['an archive, compressed twice', zstdFrame([gzipSync(archive)])],
  ['CSV, compressed three times', gzipSync(lz4Frame([gzipSync(csv)], { stored: true }))],
  ['a tar archive of a folder', tar(directory())],
  ['a tar archive with the folder', tar(directory('zen_dir/'))],
  ['a tar archive made in the folder', tar(directory('./'))],
  ['a compressed tar archive of a folder', gzipSync(tar(directory('zen_dir/')))],
  ['a tar archive of an older kind', oldTar({ 'log.csv': csv })],
  ['a tar archive of one CSV', tar({ 'log.csv': csv })],
  ['a tar archive of one archive, compressed', tar({ 'backup/zen.dump.gz': gzipSync(archive) })],
  ['names in capitals', csv.replace(names.join(','), names.join(',').toUpperCase())],
  ['an archive with names in capitals', writeArchive({ tables: [{ table: 'log_raw', columns: names.map((name) => `"${name.toUpperCase()}"`).join(', '), text: `${text}\\.\n\n\n` }] })], // prettier-ignore
  ['names in camel case, or with the table before them', csv.replace('user_id', 'userId').replace('age_segment', 'Age Segment').replace('item_topic', 'log_raw.item_topic')], // prettier-ignore
  ['other names', csv.replace('ts,user_id', 'Created_At,uid').replace('item_topic', 'тема'), { columns: new Map([['ts', 'created_at'], ['user_id', 'uid'], ['item_topic', 'тема']]) }], // prettier-ignore
  ['columns whose names differ in case alone', csv.replace('ts,user_id', 'Id,id'), { columns: new Map([['ts', 'Id'], ['user_id', 'id']]) }], // prettier-ignore
  ['another column for one of that name', csv.replaceAll(/^([^,]+,)/gm, '$1ts,').replace('event_id,ts,ts', 'event_id,ts,at'), { columns: new Map([['ts', 'at']]) }], // prettier-ignore
  ['a column without a name, and one twice', csv.replaceAll(/^/gm, '5,6,x,').replace('5,6,x,', ',n,n,').replace(/5,6,x,$/, '')], // prettier-ignore
  ['values between bars', dialect('|')],
  ['a first line sep=', `sep=;\r\n${dialect(';')}`],
  ['a mark that is named', dialect('^'), { delimiter: '^' }],
  ['values in single quotes', dialect(',', "'")],
  ['values in single quotes, between semicolons', dialect(';', "'")],
  ['quotes behind backslashes', dialect(',', '"', '\\')],
  ['quotes behind backslashes, between tabs', dialect('\t', '"', '\\')],
  ['the unaligned output of psql', `${table.map((row) => `${row.map((value) => value ?? '').join('|')}\n`).join('')}(4 rows)\n`], // prettier-ignore
  ['two CSV files, joined', { 'a.csv': csv.slice(0, csv.indexOf('3,15')), 'b.csv': `${names.join(',')}\n${csv.slice(csv.indexOf('3,15'))}` }], // prettier-ignore
  ['a script with --create', `DROP DATABASE IF EXISTS zen;\nCREATE DATABASE zen;\n\\connect zen\n${script}`],
  ['pg_dumpall', `CREATE ROLE a;\n\\connect template1\n${other}\\connect "my zen"\n${script}\\connect postgres\n${other}DELETE FROM public.log_raw;\n`], // prettier-ignore
  [
    'pg_dumpall with an odd name',
    `\\connect -reuse-previous=on "dbname='my zen'"\n${script}`,
    { dbname: 'my zen' },
  ],
  ['the log of one of two databases', `\\connect old\n${script.replaceAll('show', 'old')}\\connect zen\n${script}`, { dbname: 'zen' }], // prettier-ignore
  ['a script behind messages', `pg_dump: warning: it isn't certain\npg_dump: detail: hypertable\n${script}`],
  [
    'a script with messages in it',
    `-- \npg_dump: reading schemas\n${definition}pg_dump: it isn't certain\n${copy}`,
  ],
  ['a script behind a prompt', `Password: \n\n--\n-- PostgreSQL database dump\n--\n${script}--\n-- PostgreSQL database dump complete\n--\n`], // prettier-ignore
  ...['TRUNCATE log_raw;', 'START TRANSACTION;', 'USE zen;', 'PRAGMA foreign_keys=OFF;', 'BEGIN;'].map(
    (first): [string, File] => [`a script that begins with ${first}`, `${first}\n${inserts()}`],
  ),
  ['the options of another table', `COPY other (a) FROM stdin WITH (FORMAT csv);\n1\n\\.\n${script}`],
  ['COPY data as CSV', copyWith("WITH (FORMAT csv, DELIMITER ';', HEADER)", dialect(';'))],
  ['COPY data as CSV, as it was written once', copyWith(`CSV HEADER QUOTE AS '"' NULL AS ''`, csv)],
  ['COPY data between bars', copyWith("WITH DELIMITER '|' NULL ''", text.replaceAll('\t', '|').replaceAll('\\N', ''))], // prettier-ignore
  ['INSERT with timestamps', inserts((ts) => `TIMESTAMP '${new Date(Number(ts)).toISOString().replace('T', ' ').slice(0, -1)}'`, 'timestamp')], // prettier-ignore
  [
    'INSERT with casts',
    inserts((ts) => `'${new Date(Number(ts)).toISOString()}'::timestamp with time zone`, 'timestamptz'),
  ],
  ['INSERT with ON CONFLICT', inserts().replaceAll(';\n', '\nON CONFLICT (event_id) DO NOTHING;\n')],
  ['JSON, an object a line', jsonLines],
  ['JSON in an array', `[${objects.map((each) => JSON.stringify(each, null, 2)).join(',\n')}]\n`],
  ['JSON in an array on a line', JSON.stringify(objects)],
  ['JSON with escapes', JSON.stringify(objects).replaceAll(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)], // prettier-ignore
  ['JSON with numbers that are texts, and other names', jsonLines.replaceAll('"ts":', '"at":').replaceAll(/:(\d+)/g, ':"$1"'), { columns: new Map([['ts', 'at']]) }], // prettier-ignore
  ['JSON with what is nested, and without what is null', jsonLines.replaceAll('{', '{"more":{"a":[1,"}"]},').replaceAll(/,"\w+":null/g, '')], // prettier-ignore
  ['binary COPY', binary, { columns: places }],
  ['binary COPY, gzipped', gzipSync(binary), { columns: places }],
  ['JSON whose keys come in another order, or twice', objects.map((each, at) => (at % 2 === 0 ? each : Object.fromEntries(Object.entries(each).reverse()))).map((each, at) => JSON.stringify(each, null, at % 3).replace('{', at === 3 ? '{"ts":0,' : '{')).join('\n')], // prettier-ignore
  ['JSON with a mark, gzipped', gzipSync(`\ufeff${jsonLines}`)],
  ['Parquet', parquet()],
  ['Parquet, gzipped, in a tar archive', gzipSync(tar({ 'log.parquet': parquet() }))],
  ['Parquet in groups of two rows', parquet(undefined, undefined, { rowGroupSize: 2 })],
  ['Parquet, not compressed', parquet(undefined, undefined, { codec: 'UNCOMPRESSED' })],
  ['Parquet with gzip', packed('GZIP', (bytes) => gzipSync(bytes))],
  ['Parquet with brotli', packed('BROTLI', (bytes) => brotliCompressSync(bytes))],
  ['Parquet with zstd', packed('ZSTD', (bytes) => zstdFrame([Buffer.from(bytes)]))],
  ['Parquet with lz4', packed('LZ4_RAW', lz4Block)],
  [
    'Parquet with timestamps in milliseconds',
    parquet({ type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }, (ts) => new Date(Number(ts))),
  ],
  [
    'Parquet with timestamps in microseconds',
    parquet({ type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } }, (ts) => new Date(Number(ts))), // prettier-ignore
  ],
  [
    'Parquet with times in seconds, of floating point',
    parquet({ type: 'DOUBLE' }, (ts) => Number(ts) / 1000),
  ],
  ['Parquet with decimals', parquet({ type: 'INT64', converted_type: 'DECIMAL', scale: 3, precision: 18 }, (ts) => Number(ts) / 1000)], // prettier-ignore
  ['JSON in an array in an object', JSON.stringify({ log_raw: objects })],
  ['JSON of ClickHouse', JSON.stringify({ meta: [{ name: 'ts', type: 'Int64' }], data: objects, rows: 4, statistics: { elapsed: 1 } }, null, 1)], // prettier-ignore
  ['JSON of MongoDB', jsonLines.replaceAll(/"ts":(\d+)/g, '"_id":{"$oid":"5d8a"},"ts":{"$date":{"$numberLong":"$1"}}').replaceAll(/"event_id":(\d)/g, '"event_id":{"$numberLong":"$1"}')], // prettier-ignore
  ['values between marks of Hive', dialect('\x01')],
  ['values between an odd mark', dialect('~')],
  ['a mark that cannot be typed', dialect('\x02'), { delimiter: '\x02' }],
  ['a script with commands of psql', `\\set ON_ERROR_STOP on\n\\timing\n${script}`],
  ['a script that says its encoding to psql', encode(`\\encoding koi8-r\n${definition}${copy}`, 'koi8-r')],
  ['a script of TimescaleDB', `SELECT timescaledb_pre_restore();\n${script}SELECT public.timescaledb_post_restore();\n`], // prettier-ignore
  ['CSV in the encoding of an old Macintosh', encode(csv, 'x-mac-cyrillic'), { encoding: 'mac-cyrillic' }],
  ['times among blanks', csv.replaceAll(/,(1569348\d{6}),/g, ', $1 ,')],
  ...[
    (iso: string) => iso.toLowerCase(),
    (iso: string) => iso.replaceAll(/[-:]/g, ''),
    (iso: string) => iso.replace('.', ','),
    (iso: string) => iso.replace('T', ' ').replace('Z', ' +0000 UTC'),
    (iso: string) => iso.replace('Z', '+00:00[Europe/London]'),
  ].map((way): [string, File] => {
    const write = (ms: string) => way(new Date(Number(ms)).toISOString());
    return [`a time as in ${write('0')}`, csv.replaceAll(/1569348\d{6}/g, (ms) => `"${write(ms)}"`)];
  }),
  ['names in brackets', csv.replace(names.join(','), names.map((name) => `[${name}]`).join(','))],
  ['names with their types', csv.replace(names.join(','), names.map((name) => `${name}:STRING`).join(','))],
  ['a title before the header', `Log of a day;;\n\n# made by hand\n${csv}`],
  ['CSV behind what a terminal showed', `Warning: Permanently added 'host' to the list.\n${csv}`],
  ['SEP= in capitals', `SEP=;\n${dialect(';')}`],
  ['CSV filled up with zeros', `${csv}\0\0\0`],
  ['CSV with two carriage returns a line', csv.replaceAll('\n', '\r\r\n')],
  ['the unaligned output of psql in Russian', `${table.map((row) => `${row.map((value) => value ?? '').join('|')}\n`).join('')}(4 строки)\n`], // prettier-ignore
  ['values of Hive with bare quotes', `${table.map((row) => row.map((value) => value ?? '\\N').join('\x01')).join('\n')}\n`], // prettier-ignore
  ['a tar archive made by macOS', tar({ './._log.csv': '\0\x05\x16\x07', './log.csv': csv })],
  ['INSERT with CAST', inserts((ts) => `CAST(${ts ?? 'NULL'} AS bigint)`)],
  ['INSERT with parentheses and comments', inserts((ts) => `/* of ts */ ('${ts ?? ''}')::bigint -- it\n`)],
  ['INSERT with texts between dollars', inserts((ts) => `$t$${ts ?? ''}$t$`)],
  ['INSERT with texts of a national character set', inserts((ts) => `N'${ts ?? ''}'`)],
  ['INSERT with an alias, and what it returns', inserts().replaceAll(/(INSERT INTO \S+) \(/g, '$1 AS l (').replaceAll(');\n', ') ON CONFLICT ON CONSTRAINT k DO NOTHING RETURNING event_id;\n').replace(/^(.*text)\) ON .*$/m, '$1);')], // prettier-ignore
  [
    'COPY with an escaped delimiter',
    copyWith("DELIMITER E'\\t' NULL AS 'nil'", text.replaceAll('\\N', 'nil')),
  ],
  ['COPY as before 7.3', copyWith("USING DELIMITERS '|'", text.replaceAll('\t', '|'))],
  [
    'JSON in an object, behind other values',
    `{"page":1,"next":null,"rows":[${jsonLines.trim().replaceAll('\n', ',')}],"total":{"n":3}}`,
  ],
  ['JSON behind marks', jsonLines.replaceAll(/^\{/gm, '\x1e{')],
  ['CSV with a blank behind each comma', `${table.map((row) => row.map(quote).join(', ')).join('\n')}\n`],
  ['a tar archive with long names', longTar('L', (path) => `${path}\0`)],
  [
    'a tar archive with long names, as POSIX writes them',
    longTar('x', (path) => `${path.length + 9} path=${path}\n`),
  ],
  ['a split archive', cut(archive)],
  ['a split CSV', cut(Buffer.from(csv))],
  ['a split gzip', cut(gzipSync(script))],
  [
    'gzipped pieces, one behind the other',
    Buffer.concat([gzipSync(csv.slice(0, 90)), gzipSync(csv.slice(90))]),
  ],
];

const refused: [title: string, file: File, message: RegExp, options?: Options][] = [
  ...russian.map((encoding): [string, File, RegExp] => [
    `CSV in ${encoding}`,
    encode(csv, encoding),
    new RegExp(
      `is not in UTF-8\\. It reads “Рассказы, Кино.*” in ${encoding}.* Say so, as in --encoding ${encoding}\\.$`,
    ),
  ]),
  [
    'CSV with a header in windows-1251',
    encode(csv.replace('user_id', 'пользователь'), 'windows-1251'),
    /It reads “пользователь” in windows-1251.*--encoding windows-1251/,
  ],
  [
    'CSV in windows-1252',
    latin(csv.replaceAll(/[а-яё]+/gi, 'Müller').replace('show', 'Café')),
    /It reads “Café, Müller.*” in windows-1252/,
  ],
  [
    'plain SQL in SQL_ASCII',
    encode(script.replace('UTF8', 'SQL_ASCII'), 'koi8-r'),
    /in koi8-r.*--encoding koi8-r/,
  ],
  ['plain SQL that says WIN1251 and is in UTF-8', script.replace('UTF8', 'WIN1251'), /claims to be in WIN1251, but its texts are in UTF-8.*--encoding utf-8, or --encoding windows-1251/], // prettier-ignore
  [
    'an archive that says KOI8R and is in UTF-8',
    archiveOf(Buffer.from(text), 'KOI8R'),
    /claims to be in KOI8R/,
  ],
  ['an encoding that nobody reads', script.replace('UTF8', 'MULE_INTERNAL'), /is in MULE_INTERNAL, which Zen does not read/], // prettier-ignore
  [
    'bytes that the encoding lacks',
    encode(csv, 'koi8-r'),
    /has bytes that are not text in euc-jp/,
    { encoding: 'euc-jp' },
  ],
  ['a column that is missing', csv.replace('ts,user_id', 'created_at,uid'), /The log in \S+ lacks the columns ts, user_id\. Its columns: event_id, created_at, uid, event, .*--columns 'ts=created_at,user_id=uid'\.$/], // prettier-ignore
  [
    'a column that is named and missing',
    csv,
    /lacks the column at\. Its columns: event_id, ts, .*Say which are meant: --columns 'ts=…'\.$/,
    { columns: new Map([['ts', 'at']]) },
  ],
  [
    'a column that is named for another, which loses it',
    csv,
    /The column source_topic in \S+ is taken for item_topic\. Say which one is source_topic then: --columns source_topic=…, or source_topic= where there is none\.$/,
    { columns: new Map([['item_topic', 'source_topic']]) },
  ],
  [
    'a column that it has twice',
    csv.replace('event_id', 'TS').replace('ts', 'Ts'),
    /has the column ts 2 times/,
  ],
  ['a column that is computed', writeArchive({ tables: [{ table: 'log_raw', columns: names.join(', ').replace('ts', 'created_at'), text: '\\.\n' }], definitions: [{ description: 'TABLE', name: 'log_raw', definition: `CREATE TABLE log_raw (${names.map((name) => `${name} text`).join()}, created_at timestamp);` }] }), /lacks the column ts; ts is computed there, and a dump holds no such values\. .*ts=created_at/], // prettier-ignore
  ['no table', 'just a text\nof two lines\n', /line 1: “just a text” is not the header of a table/],
  ['the unaligned output of psql, cut off', `${table.map((row) => `${row.map((value) => value ?? '').join('|')}\n`).join('')}(5 rows)\n`, /line 6: the row has 1 values instead of the 7/], // prettier-ignore
  ['the log in two databases', `\\connect a\n${script}\\connect b\n${script}`, /public\.log_raw is in the database b, as well as in a\. Choose one with --dbname\./], // prettier-ignore
  [
    'a database that is not there',
    `\\connect a\n${script}`,
    /holds no database b \(its databases: a\)/,
    { dbname: 'b' },
  ],
  ['databases without the log', `\\connect a\n${other}\\connect b\n${other}`, /holds no data of a table log_raw \(its tables: public\.t\)/], // prettier-ignore
  [
    'COPY options that are not read',
    copyWith('WITH (FORMAT binary)', text),
    /line 2: COPY with BINARY is not read/,
  ],
  ['JSON that lacks columns', jsonLines.replaceAll('"ts":', '"time":'), /lacks the column ts\. Its columns: event_id, time, .*ts=time/], // prettier-ignore
  ['JSON that is cut off', jsonLines.slice(0, -9), /ends in the middle of its JSON: it is incomplete/],
  [
    'an array of JSON that is cut off',
    JSON.stringify(objects).slice(0, -1),
    /ends in the middle of its JSON/,
  ],
  [
    'JSON with a word that is none',
    jsonLines.replace(':8,', ':NaN,'),
    /line 2: .* has a value that is not JSON, NaN/,
  ],
  [
    'JSON with something between',
    jsonLines.replace('\n', '\nnone\n'),
    /line 2: “none .*” is not a JSON object/,
  ],
  ['what is packed ten times', Array.from({ length: 10 }).reduce<Buffer>((bytes) => gzipSync(bytes), Buffer.from(csv)), /is packed more than 8 times\. Unpack it first\./], // prettier-ignore
  ['the parts of a log of Greenplum', `${definition}${copy.replace('log_raw', 'log_raw_1_prt_1')}${copy.replace('log_raw', 'log_raw_1_prt_2')}`, /holds no data of a table log_raw\. With the log's columns it has public\.log_raw_1_prt_1, .*Name the tables to take/], // prettier-ignore
  ['lines of an old Macintosh', csv.replaceAll('\n', '\r'), /lines end with carriage returns alone\. Pipe what it holds: tr '\\r' '\\n' </], // prettier-ignore
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n', /is a pointer of Git LFS.*git lfs pull/], // prettier-ignore
  ['JSON that COPY wrote', jsonLines.replaceAll('\\', '\\\\'), /is JSON as COPY writes it, each backslash twice\. Pipe what it holds: sed /], // prettier-ignore
  ['CSV without a header', csv.slice(csv.indexOf('\n') + 1), /line 1: its first row is data: the names of its columns are missing\. Put them before it: \(echo /], // prettier-ignore
  ['COPY text without a header', text, /line 1: its first row is data/],
  ...['iso-8859-5', 'x-mac-cyrillic'].map((encoding): [string, File, RegExp] => [
    `CSV in ${encoding}`,
    encode(csv, encoding),
    new RegExp(`It reads “Рассказы, Кино.*--encoding ${encoding}\\.$`),
  ]),
  ['UTF-32', Buffer.concat(Array.from(csv.slice(0, 99), (char) => Buffer.from([char.charCodeAt(0), 0, 0, 0]))), /is in UTF-32\. Pipe what it holds: iconv -f UTF-32/], // prettier-ignore
  ['days of a spreadsheet', csv.replaceAll(/1569348\d{6}/g, '43732.750020822'), /“43732.750020822”, a number of days, as spreadsheets count them\. Format that column/], // prettier-ignore
  ['a date without separators', csv.replaceAll(/1569348\d{6}/g, '20190924180001'), /“20190924180001”, a date without separators\. Format that column/], // prettier-ignore
  ['times of Windows', csv.replaceAll(/1569348\d{6}/g, '132138216017990000'), /its unit is not certain\. Say --time-unit/], // prettier-ignore
  ['times with lost digits', csv.replaceAll(/1569348\d{6}/g, '1.56935E+12'), /is not a time\. .*An exponent hides its last digits/], // prettier-ignore
  [
    'one column twice by one name',
    csv.replace('event_id', 'ts'),
    /has the column ts 2 times\. Rename the others\.$/,
  ],
  ['several Parquet files', { 'a.parquet': parquet(), 'b.parquet': parquet() }, /b\.parquet is a whole backup, not a part of .*--append/], // prettier-ignore
  ['JSON for a search engine', jsonLines.replaceAll(/^/gm, '{"index":{}}\n').replace(/\{"index":\{\}\}\n$/, ''), /line 1: the object has none of the log's columns/], // prettier-ignore
  ['JSON of columns', `{"event_id":{"0":1},"ts":{"0":2}}`, /is JSON of arrays/],
  ['JSON of rows without names', `["event_id","ts"]\n[1,2]\n`, /is JSON of arrays/],
  ['an empty array of JSON', '[ ]\n', /is an empty array of JSON, without events/],
  ['JSON of objects within others', `{"id":"a","payload":{"ts":1,"event":"show"}}\n`, /none of the log's columns, only others within “payload”\. Pipe those: jq -c '\."payload"' \S+ \| zen restore -/], // prettier-ignore
  ['JSON of objects within those of an array', `{"page":1,"items":[{"attributes":{"ts":1,"event":"show"}}],"next":null}`, /jq -c '\."items"\[\]\."attributes"'/], // prettier-ignore
  [
    'JSON that psql has drawn',
    ' row_to_json \n-------------\n {"ts":1}\n(1 row)\n',
    /is a table drawn for people/,
  ],
  ['a dictionary of Python', "{'ts': 1}\n", /is of Python, not JSON/],
  ['YAML', '---\n- ts: 1\n', /is YAML\. Export the log as CSV/],
  ['a zip archive of a directory dump', latin(`PK\x03\x04${'x'.repeat(26)}zen/toc.dat`), /is a zip archive of a folder\. Unpack it/], // prettier-ignore
  ['GnuPG with a key of 3,072 bits', latin('\x85\x01\x8c\x03'), /is encrypted with GnuPG/],
  ['an archive behind messages', Buffer.concat([Buffer.from('pg_dump: warning: x\n'), archive]), /is an archive of pg_dump behind messages/], // prettier-ignore
  ['an archive through PowerShell', utf16(archive.toString('latin1'), false, '\ufeff'), /is an archive of pg_dump that a shell has taken for text/], // prettier-ignore
  [
    'an archive for mail',
    archive.toString('base64').replaceAll(/.{76}/g, '$&\n'),
    /is encoded for mail.*base64 -d/,
  ],
  ['a picture', latin('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), /is neither text nor in a format that Zen reads/],
  ['blanks', ' \n\n', /is empty\. Copy it again/],
  ['a drawn table', '┌────┐\n│ ts │\n', /is a table drawn for people/],
  [
    'a table of MySQL, line by line',
    '*************************** 1. row *****\nts: 1\n',
    /is a table drawn for people/,
  ],
  [
    'a shell that has no pg_dump',
    'bash: pg_dump: command not found\n',
    /is only the message of a dump that failed/,
  ],
  [
    'an archive without data',
    writeArchive({ tables: [] }),
    /holds no data of any table, perhaps only definitions/,
  ],
  ['bzip2', latin('BZh91AY&SY'), /log is compressed with bzip2\. Pipe what it holds: bzip2 -dc '\S+\/log' \| zen restore -\.$/], // prettier-ignore
  ['xz', latin('\xfd7zXZ\0\0\x04'), /compressed with xz\. Pipe what it holds: xz -dc /],
  ['zip', latin('PK\x03\x04\x14\0\0\0\b\0'), /is a zip archive\. Pipe what it holds: unzip -p /],
  [
    'an Excel workbook',
    latin('PK\x03\x04\x14\0\x06\0[Content_Types].xml'),
    /is an Excel workbook\. Save its sheet/,
  ],
  ['7z', latin('7z\xbc\xaf\x27\x1c\0\x04'), /is a 7z archive.* 7z x -so /],
  ['openssl', latin('Salted__12345678'), /is encrypted with openssl.*openssl enc -d/],
  ['GnuPG', latin('\x8c\r\x04\x09\x03\x02'), /is encrypted with GnuPG.*gpg -d /],
  ['age', 'age-encryption.org/v1\n', /is encrypted with age.*age -d /],
  ['zip within gzip', gzipSync(latin('PK\x03\x04\x14\0\0\0\b\0')), /is a zip archive/],
  ['Parquet that is cut off', parquet().subarray(0, -9), /log is damaged, as Parquet: .*\. Copy it again\.$/],
  ['Parquet with times of 32 bits', parquet({ type: 'FLOAT' }, Number), /: ts is of type FLOAT, which has too few digits\. Write it as INT64\.$/], // prettier-ignore
  ['encrypted Parquet', latin('PARE\x15\x04'), /is an encrypted Parquet file/],
  ['SQLite', latin('SQLite format 3\0\x10\0'), /is a database of SQLite.*sqlite3 -header -csv /],
  ['SQLInsert of ClickHouse', 'INSERT INTO default.log_raw (`event_id`, `ts`) VALUES (1, 2);\n', /is SQL of ClickHouse or MySQL, not of PostgreSQL: its names are in backticks\. There, save/], // prettier-ignore
  ['mysqldump', '-- MySQL dump 10.13\n\nINSERT INTO `log_raw` VALUES (1);\n', /is a dump of MySQL or MariaDB, not of PostgreSQL.*--null NULL/], // prettier-ignore
  ['phpMyAdmin', '-- phpMyAdmin SQL Dump\n-- version 5.2\n', /is a dump of MySQL/],
  ['a script of SQL Server', utf16('USE [zen]\r\nGO\r\nINSERT [dbo].[log_raw] ([ts]) VALUES (1)\r\nGO\r\n', false, '\ufeff'), /is a script of SQL Server/], // prettier-ignore
  ['a table of psql', ' event_id | ts \n----------+----\n        1 |  2 \n(1 row)\n', /is a table drawn for people.*format csv, header/], // prettier-ignore
  [
    'Yandex Metrica',
    'ym:s:visitID\tym:s:dateTime\n1\t2019-09-24 18:00:00\n',
    /is an export of Yandex Metrica/,
  ],
  ['binary COPY of columns without names', binary, /names no columns\. In its first row, 1 is “1”, 2 is “622663201799000”, 3 is “7”, 4 is “show”.*--columns event_id=1,ts=…/], // prettier-ignore
  [
    'binary COPY that is cut off',
    binary.subarray(0, -3),
    /ends in the middle of its rows/,
    { columns: places },
  ],
  ['binary COPY that is joined', Buffer.concat([binary, binary]), /something follows its end/, { columns: places }], // prettier-ignore
  ['binary COPY of a numeric', binary, /has a type in column 9 that does not tell itself/, { columns: withPrice }], // prettier-ignore
  ['binary COPY of numbers behind many NULLs', binaryUsers(2500), /has NULL in the first rows of column 3, and other values later/, { columns: places }], // prettier-ignore
  ['binary COPY of texts with a byte of numbers', binaryUsers(0, 'abc\x01'), /has texts in the first rows of column 3, and other values later/, { columns: places }], // prettier-ignore
  [
    'binary COPY of nothing',
    Buffer.concat([binary.subarray(0, 19), Buffer.of(255, 255)]),
    /data without rows/,
  ],
  ['binary COPY that has hardly begun', binary.subarray(0, 15), /ends within its header/],
  ['the message of a dump that failed', 'pg_dump: error: connection to server failed: FATAL\n', /is only the message of a dump that failed\. Make it again/], // prettier-ignore
  [
    'a tar archive of many files',
    tar({ 'a.csv': csv, 'b.csv': csv }),
    /is a tar archive of a\.csv, b\.csv\. Take the one that has the log: tar -xOf \S+ NAME \| zen restore -\.$/,
  ],
];

describe.each(kinds)('into the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  afterAll(() => db.close());

  async function load(file: File, options: Options = {}): Promise<string[]> {
    const paths = write(file);
    const open = () => openBackup(paths, options);
    const backup = await open();
    try {
      return (await restore(db, backup, { append: false, reopen: open, ...options })).notes;
    } finally {
      await backup.close();
    }
  }

  async function held(): Promise<(string | null)[][]> {
    const texts = names.map((name) => `${name}::text as ${name}`).join(', ');
    const found = await db.query<Record<string, string | null>>(
      `select ${texts} from log_raw order by event_id`,
    );
    return found.map((row) => Object.values(row));
  }

  test.each(exact)('%s gives the rows', async (...[, file, options]) => {
    await load(file, options);
    expect(await held()).toEqual(rows);
  });

  test.each(refused)('%s is refused by its name, with the way on', async (...[, file, message, options]) => {
    await load(csv);
    await expect(load(file, options)).rejects.toThrow(message);
    expect(await held()).toEqual(rows);
  });

  test('from standard input, a compressed archive is read, too', async () => {
    const { open, close } = await spool(Readable.from([gzipSync(archive)]));
    const backup = await open();
    await restore(db, backup, { append: false, reopen: open });
    await backup.close();
    await close();
    expect(await held()).toEqual(rows);
  });

  test('JSON keeps every digit, wherever the file is cut', async () => {
    const ids = ['9007199254740993', '-1', '123456789012345678'];
    const many = Array.from({ length: 3000 }, (_, at) =>
      jsonLines.split('\n')[0]?.replace(':7,', `:${ids[at % 3] ?? ''},`),
    );
    await load(many.join('\n'));
    expect(
      await db.query('select user_id::text as id, count(*)::int as n from log_raw group by 1 order by 1'),
    ).toEqual(ids.toSorted().map((id) => ({ id, n: 1000 })));
  });

  test('a long group of Parquet is read in parts, of pages of any length', async () => {
    const count = 140_000;
    const topic = (at: number) => `topic ${at % 7}`;
    await load(longParquet(names, count, (name, at) => (name.endsWith('topic') ? topic(at) : undefined)));
    const [first = {}] = await db.query(
      `select count(*)::int as rows, count(distinct event_id)::int as ids, max(event_id)::int as last,
        count(*) filter (where event_id = user_id and item_topic = 'topic ' || event_id % 7 and ts = 1569348000000 + event_id)::int as alike
      from log_raw`,
    );
    expect(first).toEqual({ rows: count, ids: count, last: count - 1, alike: count });
  });

  test('Parquet of another program gives its rows', async () => {
    await load(readFileSync('fixtures/formats/pyarrow.parquet'));
    expect(await held()).toHaveLength(24);
    expect((await held())[1]).toEqual(['1040002', '1569348003598', '200238', 'view', 'Ёлки "новогодние"', 'Сад и дача', '31-35']); // prettier-ignore
  });

  test('a dialect is told with its options', async () => {
    expect(await load(dialect('|', "'", '\\'))).toEqual(["It is read with --delimiter '|' --quote \"'\"."]);
  });

  test('the encoding that a file says is told', async () => {
    expect(await load(encode(script.replace('UTF8', 'KOI8R'), 'koi8-r'))).toEqual([
      'Its texts are in KOI8R and become UTF-8.',
    ]);
  });
});

describe('a dry run', () => {
  const cwd = temporaryFolder();
  const look = (file: File, ...args: string[]) =>
    call(['restore', ...write(file), '--dry-run', ...args], { cwd });

  test('tells the format, the columns, the first rows and what is odd, and makes no database', async () => {
    const named = csv
      .replace('ts,user_id', 'created_at,USER_ID')
      .replaceAll(/1569348(\d{3})\d{3}/g, '1569348$1');
    const { code, stdout } = await look(
      encode(named, 'koi8-r'),
      '--encoding',
      'koi8-r',
      '--columns',
      'ts=created_at',
    );
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 6)).toEqual([
      expect.stringMatching(/^\S+\/log \(CSV\) holds 4 events of log_raw\. Nothing was changed\.$/),
      'Columns: event_id, ts (there created_at), user_id (there USER_ID), event, item_topic, source_topic, age_segment.',
      '  1 | 1569348001000 | 7 | show | Рассказы | Кино | 18-25',
      '  2 | 1569348003000 | 8 | click | Ёлки "новогодние" | Сад и дача | 26-30',
      '  3 | 1569348005000 | 9 | view | Кино, сериалы; музыка | Россия | 45+',
      'Its texts are in koi8-r and become UTF-8.',
    ]);
    expect(stdout).toContain('ts is in seconds (--time-unit s).');
    expect(stdout).toContain('Missing values: user_id 1, source_topic 1.');
    expect(existsSync(join(cwd, '.zen'))).toBe(false);
  });

  test.each([
    ['2019-09-24 18:00:00', true],
    ['24.09.2019 18:00', true],
    ['2019-09-24T18:00:00.5', true],
    ['2019-09-24 21:00:00+03', false],
    ['2019-09-24 18:00:00 UTC', false],
    ['20190924T180000Z', false],
    ['1569348000', false],
  ])('tells whether times are read as UTC for want of a zone: %s', async (time, isTold) => {
    const columns = 'ts,user_id,event,item_topic,source_topic,age_segment';
    const { stdout } = await look(`${columns}\n${time},7,show,a,b,c\n`);
    expect(stdout).toMatch(/^ {2}1569348000[05]00 \| 7/m);
    expect(stdout.includes('ts names no time zone: it is read as UTC.')).toBe(isTold);
  });

  test('says that texts are in UTF-8 where no other encoding is told', async () => {
    expect((await look(csv)).stdout.split('\n')[5]).toBe('Its texts are in UTF-8.');
  });

  test('looks at ids as a restore does, and refuses what it would', async () => {
    const { stdout } = await look(csv.replace(',9,view', ',9.0,view'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 4,
      dry_run: true,
      odd: [{ column: 'user_id', kept: 'numbers' }],
    });
    const { code, stderr } = await look(csv.replace(',9,view', ',NULL,view'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('user_id has “NULL” × 1 among numbers')]);
    expect(existsSync(join(cwd, '.zen'))).toBe(false);
  });
});
