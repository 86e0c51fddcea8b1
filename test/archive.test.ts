import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZenError } from '../src/errors.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { ByteReader } from '../src/restore/formats/reader.ts';
import { writeArchive } from './support/archive.ts';
import type { Recipe } from './support/archive.ts';
import { temporaryFolder } from './support/databases.ts';

const folder = temporaryFolder();

function write(bytes: Buffer, name = 'zen.dump'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The columns and the rows of a table of the backup. */
async function read(path: string, ...tables: string[]): Promise<{ columns: string[]; rows: string }> {
  const backup = await openBackup(path);
  try {
    const found = await backup.find(...tables);
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
    const sql = `CREATE TABLE public.log_raw (\n    extra integer\n)\n${inherits};\n`;
    const archive = writeArchive({
      definitions: [{ description: 'TABLE', name: 'log_raw', definition: sql }],
      tables: [{ table: 'log_raw', columns: 'ts, extra', text: '1\t2\n\\.\n' }],
    });
    expect(await read(write(archive))).toEqual({ columns: ['ts', 'extra'], rows: '1\t2\n' });
  },
);

const containers: [string, (recipe: Recipe) => string][] = [
  ['custom', (recipe) => write(writeArchive({ ...recipe, minor: 13 }))],
  ['piped', (recipe) => write(writeArchive({ ...recipe, offsets: false }))],
  ['directory', writeDirectory],
  ['tar', (recipe) => write(tar({ 'toc.dat': writeArchive({ ...recipe, format: 3 }), ...members(recipe) }))],
];

describe.each(containers)('a partitioned table, %s:', (_, container) => {
  const parts = [
    { table: 'log_raw_p1', columns: 'ts, n', text: '1\ta\n\\.\n' },
    { table: 'other', columns: 'ts, n', text: '0\tb\n\\.\n' },
    { table: 'log_raw_p2', columns: 'n, ts', text: 'c\t2\nd\t3\n\\.\n' },
  ];
  const root = 'CREATE TABLE public.log_raw (\n    ts bigint,\n    n text\n)\nPARTITION BY RANGE (ts);\n';
  const made = (name: string, sql = ' (\n    n text,\n    ts bigint\n);\n') => ({
    description: 'TABLE',
    name,
    definition: name === 'log_raw' ? root : `CREATE TABLE public.${name}${sql}`,
  });
  const attach = (name: string) =>
    `ALTER TABLE ONLY public.log_raw ATTACH PARTITION public.${name} FOR VALUES FROM ('1') TO ('2');\n`;
  const names = ['log_raw_p1', 'log_raw_p2'];

  test.each<[string, Recipe]>([
    [
      'loaded by way of its root',
      {
        definitions: ['log_raw', ...names].map((name) => made(name)),
        tables: parts.map((part) => ({
          ...part,
          ...(names.includes(part.table)
            ? { copy: `COPY public.log_raw (${part.columns}) FROM stdin;\n` }
            : {}),
        })),
      },
    ],
    [
      'of PostgreSQL 14 and later',
      {
        definitions: [
          ...['log_raw', ...names].map((name) => made(name)),
          ...names.map((name) => ({ description: 'TABLE ATTACH', name, definition: attach(name) })),
        ],
        tables: parts,
      },
    ],
    [
      'of PostgreSQL 12 and 13',
      {
        definitions: ['log_raw', ...names].map((name) =>
          made(name, ` (\n    n text,\n    ts bigint\n);\n\n${attach(name)}`),
        ),
        tables: parts,
      },
    ],
    [
      'of PostgreSQL 10 and 11',
      {
        definitions: ['log_raw', ...names].map((name) =>
          made(name, ` PARTITION OF public.log_raw\nFOR VALUES FROM ('1') TO ('2');\n`),
        ),
        tables: parts,
      },
    ],
  ])('%s', async (how, recipe) => {
    const path = container(recipe);
    expect(await read(path)).toEqual({ columns: ['ts', 'n'], rows: '1\ta\n2\tc\n3\td\n' });
    if (how.startsWith('of'))
      expect(await read(path, 'log_raw_p2')).toEqual({ columns: ['n', 'ts'], rows: 'c\t2\nd\t3\n' });
    expect(await read(path, 'public.other')).toMatchObject({ rows: '0\tb\n' });
  });

  test('whose parts do not have the same columns is damaged', async () => {
    const copy = 'COPY public.log_raw (ts, m) FROM stdin;';
    const path = container({ tables: [{ ...parts[0], table: 'log_raw', text: '\\.\n' }, { ...parts[0], copy, table: 'p', text: '' }] }); // prettier-ignore
    await expect(read(path)).rejects.toThrow(/is damaged: its data of public\.log_raw has different columns/);
  });

  test('has its damaged rows refused', async () => {
    const tables = parts
      .slice(1)
      .map((part) => ({ ...part, copy: `COPY log_raw (${part.columns}) FROM stdin;` }));
    const path = container({ tables: [...tables, { ...parts[2], copy: tables[1]?.copy ?? '', table: 'p3', text: '1\n\\.\n' }] }); // prettier-ignore
    await expect(read(path)).rejects.toThrow(/has a row of 1 values instead of 2\. Copy it again\.$/);
  });
});

describe.each(containers)('a table that others inherit, %s:', (_, container) => {
  const own = { table: 'log_raw', columns: 'ts, n', text: '3\tz\n\\.\n' };
  const tables = [
    { table: 'a', columns: 'n, extra, ts', text: 'x\t9\t1\n\\.\n' },
    own,
    { table: 'other', columns: 'ts, n', text: '0\tb\n\\.\n' },
  ];
  const make = (name: string, sql: string) => ({ description: 'TABLE', name, definition: `CREATE TABLE public.${name} (${sql};\n` }); // prettier-ignore
  const log = make('log_raw', '\n    ts bigint,\n    n text\n)');
  const other = make('other', '\n    ts bigint,\n    n text\n)');

  test.each([
    [
      'where it is made',
      [
        log,
        other,
        make('mid', '\n)\nINHERITS (public.log_raw)'),
        make('a', '\n    extra integer\n)\nINHERITS (other, mid)'),
      ],
    ],
    [
      'later',
      [
        other,
        log,
        make(
          'a',
          '\n    n text,\n    extra integer,\n    ts bigint\n);\n\nALTER TABLE ONLY public.a INHERIT log_raw',
        ),
      ],
    ],
  ])('%s', async (_, definitions) => {
    const path = container({ definitions, tables });
    expect(await read(path)).toEqual({ columns: ['ts', 'n'], rows: '1\tx\n3\tz\n' });
    expect(await read(path, 'public.log_raw')).toMatchObject({ rows: '1\tx\n3\tz\n' });
    expect(await read(path, 'a')).toEqual({ columns: ['n', 'extra', 'ts'], rows: 'x\t9\t1\n' });
  });

  test('without definitions, its parts are named, and taken when they are asked for', async () => {
    const columns = 'ts, user_id, event, item_topic, source_topic, age_segment';
    const part = (table: string, id: number) => ({ table, columns, text: `${id}\t1\ta\tb\tc\td\n\\.\n` });
    const path = container({
      tables: [part('log_raw', 1), part('p1', 2), part('p2', 3), ...tables.slice(2)],
    });
    await expect(read(path)).rejects.toThrow(
      'defines no tables, so that public.p1, public.p2 may be parts of public.log_raw. Name the tables to take: --table public.log_raw --table public.p1 --table public.p2.',
    );
    expect((await read(path, 'log_raw')).rows).toMatch(/^1\t.*\n$/);
    expect((await read(path, 'log_raw', 'p*')).rows).toMatch(/^1\t.*\n2\t.*\n3\t.*\n$/);
    await expect(read(container({ tables: [part('p1', 2), part('p2', 3)] }))).rejects.toThrow(
      "holds no data of a table log_raw. With the log's columns it has public.p1, public.p2. Name the tables to take: --table public.p1 --table public.p2.",
    );
  });
});

test('that cannot be read any more, as when its disk fails, is a sentence', async () => {
  const path = write(Buffer.from('PGDMP'));
  const reader = await ByteReader.open(path);
  await reader.close();
  await expect(reader.byte()).rejects.toThrow(`Cannot read the dump ${path}: Error: file closed.`);
});

describe('in a folder, what is not a regular file is refused:', () => {
  const recipe = { tables: [{ table: 'log_raw', columns: 'ts', text: '1\n\\.\n' }] };
  const kinds: [string, (path: string) => void, string][] = [
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'is not a regular file. Copy the backup again.'],
    [
      'a folder',
      (path) => {
        mkdirSync(path);
      },
      'is not a regular file. Copy the backup again.',
    ],
    [
      'a link to nothing',
      (path) => {
        symlinkSync('nowhere', path);
      },
      'there is no such file or folder (ENOENT). Check its name and folder.',
    ],
  ];

  test.each(['toc.dat', '1.dat'].flatMap((name) => kinds.map((kind) => [name, ...kind] as const)))(
    '%s, %s',
    async (name, _, make, message) => {
      const path = writeDirectory(recipe);
      rmSync(join(path, name));
      make(join(path, name));
      const error = await read(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ZenError);
      expect((error as ZenError).message).toMatch(join(path, name));
      expect((error as ZenError).message).toMatch(message);
    },
  );
});

const isRoot = process.getuid?.() === 0;

// Root may read everything.
(isRoot ? test.skip : test)('a folder that may not be read is a sentence', async () => {
  const path = mkdtempSync(join(folder, 'closed-'));
  chmodSync(path, 0);
  const error = await read(path).catch((thrown: unknown) => thrown);
  chmodSync(path, 0o700);
  expect(error).toBeInstanceOf(ZenError);
  expect((error as ZenError).message).toMatch(
    `Cannot read the dump ${path}: this account may not (EACCES). `,
  );
});

/** The files of the data. */
function members({ tables }: Recipe): Record<string, Buffer> {
  return Object.fromEntries(tables.map(({ text }, index) => [`${index + 1}.dat`, Buffer.from(text)]));
}

function writeDirectory(recipe: Recipe): string {
  const path = mkdtempSync(join(folder, 'directory-'));
  const files = { 'toc.dat': writeArchive({ ...recipe, format: 5 }), ...members(recipe) };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

function tar(files: Record<string, Buffer>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(bytes.length.toString(8).padStart(11, '0'), 124);
    header.write('ustar', 257);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, bytes, Buffer.alloc(-bytes.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
