import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../fixtures/generate.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { openServer } from '../src/db/server.ts';
import { sql } from '../src/files.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore as load } from '../src/restore/restore.ts';
import type { RestoreProgress, Restored, RestoreOptions } from '../src/restore/restore.ts';
import { writeArchive } from './support/archive.ts';
import type { Recipe } from './support/archive.ts';
import { kinds, newDatabase, newTarget, newUrl, temporaryFolder } from './support/databases.ts';

const columns =
  'event_id, age_segment, event, item_id, item_topic, item_type, source_id, source_topic, source_type, ts, user_id';
const replace: RestoreOptions = { append: false };

function row(id: number, topic = 'Наука'): string {
  return `${id}\t18-25\tshow\t7\t${topic}\turl\t8\tКино\tdomain\t${1569348000000 + id}\t9\n`;
}

function log(rows: string, recipe: Partial<Recipe> = {}): Recipe {
  return { tables: [{ table: 'log_raw', columns, text: `${rows}\\.\n\n\n` }], ...recipe };
}

function write(content: Buffer | Recipe): string {
  const file = join(temporaryFolder(), 'zen.dump');
  writeFileSync(file, Buffer.isBuffer(content) ? content : writeArchive(content));
  return file;
}

let db: Database;

async function restore(
  into: Database,
  file: string,
  options: RestoreOptions,
  onProgress?: (progress: RestoreProgress) => void,
): Promise<Restored> {
  const backup = await openBackup(file);
  try {
    return await load(into, backup, options, onProgress);
  } finally {
    await backup.close();
  }
}

afterEach(() => db.close());

async function ids(): Promise<number[]> {
  const rows = await db.query<{ event_id: number }>('select event_id from log_raw order by event_id');
  return rows.map(({ event_id }) => event_id);
}

describe.each(kinds)('into the %s database', (kind) => {
  test('the fixture comes back row by row as its generator made it', async () => {
    db = await newDatabase(kind);
    const bytes = readFileSync('fixtures/zen.dump').length;
    const seen: number[] = [];
    const told = await restore(db, 'fixtures/zen.dump', replace, ({ bytes: read }) => seen.push(read));
    expect(told).toEqual({
      rows: 322_391,
      bytes,
      indexed: true,
      odd: [],
      notes: [],
      summary: {
        first: Date.parse('2019-09-24T18:27:37.189Z'),
        last: Date.parse('2019-09-24T19:00:39.997Z'),
        item_topics: 25,
        source_topics: 26,
        age_segments: 6,
        events: 3,
        kinds: [
          { name: 'show', events: 276_810 },
          { name: 'click', events: 23_921 },
          { name: 'view', events: 21_660 },
        ],
        words: [],
        duplicate_ids: 0,
        outside: 0,
        in_seconds: 0,
        nulls: {},
      },
    });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.at(-1)).toBe(bytes);
    const [stored] = await db.query<{ hash: string }>(
      `select md5(string_agg(concat_ws('|', ${columns}), e'\\n' order by event_id)) as hash from log_raw`,
    );
    const rows = generate().sort((a, b) => a.event_id - b.event_id);
    const names = columns.split(', ') as (keyof (typeof rows)[number])[];
    const text = rows.map((event) => names.map((name) => event[name]).join('|')).join('\n');
    expect(stored?.hash).toBe(createHash('md5').update(text).digest('hex'));
  });

  test('a restore replaces the log, or adds to it when asked', async () => {
    db = await newDatabase(kind);
    const file = write(log(row(1) + row(2)));
    await restore(db, file, replace);
    await restore(db, file, replace);
    expect(await ids()).toEqual([1, 2]);
    await restore(db, file, { ...replace, append: true });
    expect(await ids()).toEqual([1, 1, 2, 2]);
  });

  test('values come as they are: NULL, an empty text, quotes, tabs, line ends, emoji, a lone \\.', async () => {
    db = await newDatabase(kind);
    const topics = ['\\N', '', `'"`, 'a\\tb\\nc', '</script>🐸', '\\\\.', '\u202eлевша'];
    await restore(db, write(log(topics.map((topic, index) => row(index, topic)).join(''))), replace);
    const rows = await db.query<{ item_topic: string | null }>(
      'select item_topic from log_raw order by event_id',
    );
    expect(rows.map(({ item_topic }) => item_topic)).toEqual([
      null,
      '',
      `'"`,
      'a\tb\nc',
      '</script>🐸',
      '\\.',
      '\u202eлевша',
    ]);
  });

  test('escapes between tabs are what COPY makes of them, and other backslashes stay', async () => {
    db = await newDatabase(kind);
    const names = columns.replaceAll(', ', '\t');
    const written = ["d\\'A", 'C:\\\\a', 'a\\/b', '\\b\\f\\v\\t\\n\\r', '\\a', '\\101\\x4a', '\\.', 'x\\'];
    const rows = written.map((topic, index) => row(index, topic)).join('');
    await restore(db, write(Buffer.from(`${names}\n${rows}`)), replace);
    const found = await db.query<{ item_topic: string }>('select item_topic from log_raw order by event_id');
    expect(found.map(({ item_topic }) => item_topic)).toEqual(
      ["d'A", 'C:\\a', 'a/b', '\b\f\v\t\n\r', '\\a', 'AJ', '\\.', 'x\\'], // prettier-ignore
    );
  });

  test('of a table that changes what it is sent, the summary tells what it holds', async () => {
    db = await newDatabase(kind);
    await restore(db, write(log(row(1))), replace);
    await db.run(
      `create function public.shout() returns trigger language plpgsql as
       'begin new.item_topic = upper(new.item_topic); new.event_id = 7; return new; end'`,
    );
    await db.run(
      'create trigger shout before insert on log_raw for each row execute function public.shout()',
    );
    const { summary } = await restore(db, write(log(row(1, 'a') + row(2, 'A'))), replace);
    expect(summary).toMatchObject({ item_topics: 1, duplicate_ids: 1 });
  });

  test('the planner knows every column after a restore', async () => {
    db = await newDatabase(kind);
    await restore(db, write(log(row(1))), replace);
    const known = await db.query(`select from pg_stats where tablename = 'log_raw' and n_distinct <> 0`);
    expect(known).toHaveLength(11);
  });

  test('the index on ts is there after each restore, and another one of that name is let be', async () => {
    db = await newDatabase(kind);
    const file = write(log(row(1)));
    const kindOfIndex = async () => {
      const found = await db.query<{ text: string }>(
        `select indexdef as text from pg_indexes where indexname = 'log_raw_ts'`,
      );
      return found.map(({ text }) => text.replace(/^.* USING /, ''));
    };
    await restore(db, file, replace);
    await restore(db, file, replace);
    expect(await kindOfIndex()).toEqual(['brin (ts)']);
    await db.run('drop index public.log_raw_ts');
    await db.run('create index log_raw_ts on log_raw (ts)');
    await restore(db, file, replace);
    expect(await kindOfIndex()).toEqual(['btree (ts)']);
  });

  test('the index of that name on a table of another schema is let be', async () => {
    const target = newTarget(kind);
    db = await openDatabase(target, { create: true });
    await db.run('create schema a');
    await db.run('create schema b');
    await db.run('create table a.other (x int)');
    await db.run('create index log_raw_ts on a.other using brin (x)');
    const [own] = await db.query<{ name: string }>('select current_database() as name');
    const file = write(log(row(1)));
    for (const path of ['b, a', 'a, b']) {
      await db.run(`alter database ${own?.name ?? ''} set search_path = ${path}`);
      await db.close();
      db = await openDatabase(target);
      await restore(db, file, replace);
    }
    expect(
      await db.query(`select schemaname from pg_indexes where indexname = 'log_raw_ts' order by schemaname`),
    ).toEqual([{ schemaname: 'a' }, { schemaname: kind === 'server' ? 'b' : 'public' }]); // the other heeds no such setting
  });

  test('constraints that wait for the end do not keep the index from being made', async () => {
    db = await newDatabase(kind);
    await db.run('create table public.users (id bigint primary key)');
    await db.run('insert into public.users values (9)');
    await db.run(sql('restore/table'));
    await db.run(
      'alter table log_raw add foreign key (user_id) references public.users deferrable initially deferred',
    );
    expect(await restore(db, write(log(row(1))), replace)).toMatchObject({ rows: 1, indexed: true });
  });

  test('a log whose ts is no number is refused before anything is loaded', async () => {
    db = await newDatabase(kind);
    await db.run(sql('restore/table'));
    await db.run('alter table log_raw alter column ts type text');
    for (const append of [false, true]) {
      const rows: number[] = [];
      const refused = restore(db, write(log(row(1))), { ...replace, append }, (p) => rows.push(p.rows));
      await expect(refused).rejects.toThrow(
        'The column ts of log_raw is of type text, and must be a bigint.',
      );
      expect(rows).toEqual([]);
    }
  });

  test('of a log whose ts is numeric, the summary is the same', async () => {
    db = await newDatabase(kind);
    await db.run(sql('restore/table'));
    await db.run('alter table log_raw alter column ts type numeric');
    const { summary } = await restore(db, write(log(row(1) + row(2))), replace);
    expect(summary).toMatchObject({ first: 1569348000001, last: 1569348000002, outside: 0 });
  });

  test('a value of the wrong type in a late row leaves the log as it was, and is named', async () => {
    db = await newDatabase(kind);
    await restore(db, write(log(row(1))), replace);
    const many = Array.from({ length: 200_000 }, (_, index) => row(index)).join('');
    const bad = write(log(`${many}${row(1).replace('1569348000001', '9'.repeat(20))}`));
    await expect(restore(db, bad, replace)).rejects.toThrow(
      '(row 200001 of log_raw, column ts: "99999999999999999999").',
    );
    expect(await ids()).toEqual([1]);
  });

  describe('a log is never replaced by nothing, nor made empty, unless asked for:', () => {
    const names = columns.replaceAll(' ', '');
    const nothing: [string, Buffer | Recipe][] = [
      ['an archive', log('')],
      ['an archive that is not compressed', log('', { compression: 0 })],
      ['a header row', Buffer.from(`${names}\n`)],
      ['a header row and empty lines', Buffer.from(`\ufeff${names.replaceAll(',', '\t')}\r\n\r\n\r\n`)],
      ['COPY data', Buffer.from(`COPY log_raw (${columns}) FROM stdin;\n\\.\n`)],
    ];

    test.each(nothing)('%s', async (_, content) => {
      db = await newDatabase(kind);
      const file = write(content);
      const says =
        / holds no rows of log_raw\. Nothing was changed\. Check how it was made, or add --allow-empty\.$/;
      for (const append of [false, true])
        await expect(restore(db, file, { ...replace, append })).rejects.toThrow(says);
      expect(await db.query(`select to_regclass('log_raw') as found`)).toEqual([{ found: null }]);
      await restore(db, write(log(row(7))), replace);
      for (const append of [false, true])
        await expect(restore(db, file, { ...replace, append })).rejects.toThrow(says);
      expect(await ids()).toEqual([7]);
      await restore(db, file, { ...replace, append: true, allowEmpty: true });
      expect(await ids()).toEqual([7]);
      expect(await restore(db, file, { ...replace, allowEmpty: true })).toMatchObject({ rows: 0 });
      expect(await ids()).toEqual([]);
    });
  });

  describe('where nothing declares the types of ids,', () => {
    const names = 'event_id, ts, user_id, event, item_topic, source_topic, age_segment';
    const event = (user: string, topic = 'a') => `1,1569348000000,${user},show,${topic},b,c\n`;
    const csv = (rows: string) => Buffer.from(`${names.replaceAll(' ', '')}\n${rows}`);
    const archive = (rows: string): Recipe => ({
      tables: [{ table: 'log_raw', columns: names, text: `${rows.replaceAll(',', '\t')}\\.\n` }],
    });
    const inserts = (rows: string) =>
      Buffer.from(
        rows.replace(/(.*)\n/g, (_, row: string) => {
          const values = row.split(',').map((value) => `'${value}'`);
          return `INSERT INTO log_raw (${names}) VALUES (${values.join(', ')});\n`;
        }),
      );
    const users = async () => {
      const rows = await db.query<{ user_id: unknown }>('select distinct user_id from log_raw order by 1');
      return rows.map(({ user_id }) => user_id);
    };

    test.each<[string, (rows: string) => Buffer | Recipe]>([
      ['CSV', csv],
      ['an archive of data', archive],
      ['a script of INSERTs', inserts],
    ])('digits that no number has are kept: %s', async (_, form) => {
      db = await newDatabase(kind);
      await restore(db, write(form(['007', '7', '0007'].map((user) => event(user)).join(''))), replace);
      expect(await users()).toEqual(['0007', '007', '7']);
    });

    const plain = event('7').repeat(20_000);

    test.each([
      ['a text', plain, 'u-1'],
      ['digits that no number has', plain, '007'],
      ['a number too large', plain, '9223372036854775808'],
      ['a text, where the first row is of 100 kB', event('7', 'x'.repeat(100_000)) + plain, 'u-1'],
    ])('a late one may be %s', async (_, first, user) => {
      db = await newDatabase(kind);
      await db.run(sql('restore/table'));
      await db.run('alter table log_raw alter column item_topic type text');
      await restore(db, write(archive(first + event(user))), replace);
      expect(await users()).toEqual([user, '7'].sort());
      expect(await ids()).toContain(1);
    });

    test('texts are added to a log that is not there yet, or empty', async () => {
      db = await newDatabase(kind);
      const file = write(archive(event('u-1')));
      await restore(db, file, { ...replace, append: true });
      await restore(db, file, { ...replace, append: true });
      expect(await users()).toEqual(['u-1']);
    });

    test('a late one that is a text is not added to numbers', async () => {
      db = await newDatabase(kind);
      await restore(db, write(archive(event('7'))), replace);
      const more = restore(db, write(archive(plain + event('007'))), { ...replace, append: true });
      await expect(more).rejects.toThrow('user_id is a text in the dump and a number in log_raw');
      expect(await users()).toEqual([7]);
    });
  });
});

test('a database that is made may have any name', async () => {
  const url = new URL(newUrl());
  url.pathname += encodeURIComponent('.a"b%');
  db = await openServer(url.href, { create: true });
  const [found] = await db.query<{ name: string }>('select current_database() as name');
  expect(found?.name).toMatch(/^zen_\w+\.a"b%$/);
});

describe('of archives', () => {
  test.each([
    ['of version 1.12', { minor: 12 }],
    ['of version 1.13', { minor: 13 }],
    ['of version 1.15', { minor: 15 }],
    ['of version 1.16', { minor: 16 }],
    ['with integers and offsets of other sizes', { intSize: 8, offsetSize: 4 }],
    ['without compression', { compression: 0 }],
    ['compressed with lz4', { minor: 16, compression: 2, chunk: 3 }],
    ['compressed with zstd', { minor: 15, compression: 3, chunk: 3 }],
    ['written to a pipe', { offsets: false }],
    ['in tiny chunks', { chunk: 3 }],
  ])('one %s is read', async (_, recipe: Partial<Recipe>) => {
    db = await newDatabase('server');
    const other = { table: 'other', columns: 'a', text: '1\n\\.\n\n\n' };
    const { tables } = log(row(1) + row(2));
    expect((await restore(db, write({ tables: [other, ...tables], ...recipe }), replace)).rows).toBe(2);
    expect(await ids()).toEqual([1, 2]);
  });

  test('columns may come in another order, and those that no aggregate needs may be missing', async () => {
    db = await newDatabase('server');
    const text = '9\t1569348000001\tshow\t18-25\tНаука\tКино\n\\.\n\n\n';
    const names = '"user_id", ts, event, age_segment, item_topic, source_topic';
    await restore(db, write({ tables: [{ table: 'log_raw', columns: names, text }] }), replace);
    expect(await db.query('select event_id, ts, user_id, source_topic from log_raw')).toEqual([
      { event_id: null, ts: 1569348000001, user_id: 9, source_topic: 'Кино' },
    ]);
  });

  test('what is odd about the log is told', async () => {
    db = await newDatabase('server');
    const rows = [
      row(1),
      row(1),
      row(2).replace('Наука', '\\N'),
      row(3).replace('1569348000003', '1569348003'),
      row(4).replace('\t9\n', '\t\\N\n'),
    ];
    const { summary } = await restore(db, write(log(rows.join(''))), replace);
    expect(summary).toMatchObject({
      first: 1569348000001,
      last: 1569348000004,
      duplicate_ids: 1,
      outside: 1,
      in_seconds: 1,
      nulls: { item_topic: 1, user_id: 1 },
    });
  });

  test('a row with too few values is named by its line, also where columns are left out', async () => {
    db = await newDatabase('server');
    const wide = {
      tables: [
        { table: 'log_raw', columns: `${columns}, more`, text: `${row(1).trimEnd()}\tx\n${row(2)}\\.\n` },
      ],
    };
    await expect(restore(db, write(wide), replace)).rejects.toThrow(
      'row 2 of the log has 11 values instead of 12',
    );
  });

  test('--table chooses among tables of one name', async () => {
    db = await newDatabase('server');
    const tables = ['a', 'b'].map((schema, index) => ({
      ...log(row(index)).tables[0],
      schema,
      table: 'log_raw',
      text: `${row(index)}\\.\n`,
    }));
    const file = write({ tables });
    await expect(restore(db, file, replace)).rejects.toThrow('several tables log_raw: a.log_raw, b.log_raw');
    await restore(db, file, { ...replace, tables: ['b.log_raw'] });
    expect(await ids()).toEqual([1]);
  });
});

describe('a dump that cannot be restored is a sentence, and the log stays as it was:', () => {
  const whole = writeArchive(log(row(1) + row(2)));
  const bad: [string, Buffer | Recipe, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /is empty/],
    [
      'a plain dump that was cut off',
      Buffer.from('-- PostgreSQL database dump\n\nset x = 1;\n'),
      /the dump is incomplete/,
    ],
    [
      'one of an older version',
      log('', { minor: 11 }),
      /version 1\.11, format 1: Zen reads versions 1\.12 to 1\.16/,
    ],
    ['one of a newer version', log('', { minor: 17 }), /version 1\.17/],
    [
      'the contents of a tar archive',
      log('', { format: 3 }),
      /is only the table of contents of a backup: name the folder that it is in, or the tar archive/,
    ],
    ['one in an unknown format', log('', { format: 9 }), /format 9/],
    ['one with impossible sizes', log('', { intSize: 4, offsetSize: 9 }), /its offsets 9 bytes/],
    ['one that ends in its contents', whole.subarray(0, 150), /ends too early, at byte 150/],
    ['one that ends in its data', whole.subarray(0, whole.length - 20), /ends too early/],
    ['one whose data is damaged', damage(whole), /cannot be inflated/],
    [
      'one whose data stops before its last row',
      { tables: [{ table: 'log_raw', columns, text: row(1) }] },
      /stops before its last row/,
    ],
    [
      'one of another database',
      { tables: [{ table: 'users', columns: 'id', text: '\\.\n' }] },
      /\(its tables: public\.users\)/,
    ],
    ['one without tables', { tables: [] }, /holds no data of any table/],
    [
      'one with INSERT statements',
      { tables: [{ table: 'log_raw', copy: '', text: '' }] },
      /made with --inserts/,
    ],
    [
      'one that lacks columns',
      { tables: [{ table: 'log_raw', columns: 'ts, event, user_id', text: '\\.\n' }] },
      /lacks the columns age_segment, item_topic, source_topic/,
    ],
  ];

  test.each(bad)('%s', async (_, content, message) => {
    db = await newDatabase('server');
    await restore(db, write(log(row(7))), replace);
    await expect(restore(db, write(content), replace)).rejects.toThrow(message);
    expect(await ids()).toEqual([7]);
  });

  test('a file that is not there, and a folder', async () => {
    db = await newDatabase('server');
    await expect(restore(db, 'nowhere.dump', replace)).rejects.toThrow('Cannot read the dump nowhere.dump');
    await expect(restore(db, 'fixtures', replace)).rejects.toThrow('fixtures is a folder without toc.dat');
  });
});

/** Flips a bit in the middle of the last data block. */
function damage(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  const place = copy.length - 30;
  copy[place] = (copy[place] ?? 0) ^ 0x40;
  return copy;
}
