import { describe, expect, test } from '@jest/globals';
import type { BackupTable } from '../src/restore/formats/backup.ts';
import { Script } from '../src/restore/formats/script.ts';
import { readCopy, readDefinition } from '../src/restore/sql/statement.ts';
import { source } from './support/source.ts';

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

interface Taken {
  table: BackupTable;
  rows: string;
}

async function take(text: string, wanted: string | string[] = 'log_raw', size = 1 << 16): Promise<Taken> {
  const script = new Script(source('zen.sql'), cut(text, size));
  const table = await script.find(...(typeof wanted === 'string' ? [wanted] : wanted));
  const pieces: Buffer[] = [];
  for await (const piece of script.rows(table)) {
    expect(piece.at(-1)).toBe(10);
    pieces.push(piece);
  }
  return { table, rows: Buffer.concat(pieces).toString() };
}

const definition = 'CREATE TABLE public.log_raw (\n    ts bigint NOT NULL,\n    topic text\n);\n';
const copy = 'COPY public.log_raw (ts, topic) FROM stdin;\n';

function insert(values: string): string {
  return `${definition}INSERT INTO public.log_raw VALUES ${values};\n`;
}

const dump = String.raw`--
-- PostgreSQL database dump
--

\restrict a1B2

SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);

/* a comment; /* in a comment; */ still; */
CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO public.log_raw (ts) VALUES (1);
 SELECT CASE WHEN true THEN 1 ELSE 2 END AS "case";
END;
CREATE FUNCTION public.g() RETURNS text LANGUAGE sql AS $_$ select ';$$'; COPY public.log_raw FROM stdin; $_$;
CREATE RULE r AS ON UPDATE TO public.a DO ALSO (INSERT INTO public.log_raw VALUES (1); DELETE FROM public.a);
COMMENT ON TABLE public.a IS 'it''s; -- not a comment';
COMMENT ON TABLE public.a IS E'it\'s; /* no comment';

CREATE TABLE public.log_raw (
    ts bigint NOT NULL,
    topic character varying(128) DEFAULT 'a, b'::character varying
);

COPY public.other (id) FROM stdin;
\\.
INSERT INTO public.log_raw VALUES (1, 'no');
\.

COPY public.log_raw (ts, topic) FROM stdin;
1	Наука
2	\N
-3	a\tb\\c

\\.
4	$$ '";
\.


COPY public.another (id) FROM stdin;
\.

--
-- PostgreSQL database dump complete
--

\unrestrict a1B2
`;

test('the rows of COPY data are passed on as they are, wherever the dump is cut', async () => {
  for (let size = 1; size <= dump.length; size += size < 70 ? 1 : 61) {
    const { table, rows } = await take(dump, 'log_raw', size);
    expect(rows).toBe(String.raw`1	Наука
2	\N
-3	a\tb\\c

\\.
4	$$ '";
`);
    expect(table).toEqual({
      schema: 'public',
      name: 'log_raw',
      columns: ['ts', 'topic'],
      types: new Map([
        ['ts', 'bigint'],
        ['topic', 'character varying(128)'],
      ]),
    });
  }
});

test('INSERT statements become the rows of COPY text, wherever the dump is cut', async () => {
  const text = `${definition}
INSERT INTO public.log_raw VALUES (1, 'it''s');
INSERT INTO other VALUES (now(), DEFAULT);
INSERT INTO other SELECT 1;
INSERT INTO public.log_raw (ts, topic) OVERRIDING SYSTEM VALUE VALUES
	(-2, NULL),
	(+3.5e-7, E'a\\tb\\n\\\\ \\'\\x41\\101\\u0416\\ud83d\\udc38'),
	( '4'::bigint , 'x;\ty\\n
z'::character varying(10) ) ON CONFLICT DO NOTHING;
insert into log_raw(ts,topic)values(true,''),(false,'🐸');`;
  for (let size = 1; size <= text.length; size++) {
    const { table, rows } = await take(text, 'public.log_raw', size);
    expect(table.columns).toEqual(['ts', 'topic']);
    expect(rows).toBe(String.raw`1	it's
-2	\N
+3.5e-7	a\tb\n\\ 'AAЖ🐸
4	x;\ty\\n\nz
t${'\t'}
f	🐸
`);
  }
});

test('a generated column is NULL where it is not taken, and bits are read as PostgreSQL writes them', async () => {
  const columns =
    'CREATE TABLE log_raw (ts bigint, g int GENERATED ALWAYS AS (1) STORED, b bit(3), v bit varying);\n';
  const text = `${columns}INSERT INTO log_raw VALUES (1, DEFAULT, B'101', X'1f'), (2, default , b'', NULL);`;
  for (let size = 1; size <= text.length; size++) {
    expect((await take(text, 'log_raw', size)).rows).toBe('1\t\\N\t101\t00011111\n2\t\\N\t\t\\N\n');
  }
});

test('texts of Unicode escapes are read, whatever marks them', async () => {
  const values = String.raw`(1, U&'\0441\00F3\+01F438 \\ it''s'), (2, u&'C:\ !0441!!' UESCAPE '!'), (3, U&'d''\D83D\DC38'::text)`;
  expect((await take(insert(values))).rows).toBe("1\tсó🐸 \\\\ it's\n2\tC:\\\\ с!\n3\td'🐸\n");
  const wrong = String.raw`(1, U&'\04G1')`;
  await expect(take(insert(wrong))).rejects.toThrow(/has the value U&'\\04G1'\)/);
});

test('a dump of before 10.3 names its schema in search_path, and may escape in ordinary texts', async () => {
  const text = `SET standard_conforming_strings = off;
SET search_path = a, pg_catalog;
CREATE TABLE log_raw (ts bigint);
INSERT INTO log_raw VALUES ('1\\\\2');
SET search_path = b, pg_catalog;
CREATE TABLE log_raw (ts bigint, n text);
COPY log_raw (ts, n) FROM stdin;
3\t4
\\.
`;
  expect((await take(text, 'a.log_raw')).rows).toBe('1\\\\2\n');
  expect((await take(text, 'b.log_raw')).rows).toBe('3\t4\n');
  await expect(take(text)).rejects.toThrow('zen.sql holds several tables log_raw: a.log_raw, b.log_raw.');
});

test('rows may come in several blocks, and names may hold anything', async () => {
  const block = (row: string) => `COPY "Odd "";s"."log raw" ("a, b", ")") FROM stdin;\n${row}\n\\.\n`;
  const { table, rows } = await take(block('1\t2') + block('3\t4'), 'Odd ";s.log raw');
  expect(rows).toBe('1\t2\n3\t4\n');
  expect(table).toMatchObject({ schema: 'Odd ";s', name: 'log raw', columns: ['a, b', ')'] });
});

const parts = {
  'COPY data': [
    'COPY public.log_raw_p1 (ts, topic) FROM stdin;\n1\ta\n\\.\n',
    'COPY public.other (topic, ts) FROM stdin;\nb\t0\n\\.\n',
    'COPY public.log_raw_p2 (topic, ts) FROM stdin;\nc\t2\nd\t3\n\\.\n',
  ].join(''),
  'INSERT statements': `INSERT INTO public.log_raw_p1 VALUES (1, 'a');
INSERT INTO public.other VALUES (0, 'b');
INSERT INTO public.log_raw_p2 VALUES ('c', 2);
INSERT INTO public.log_raw_p2 VALUES ('d', 3);
`,
};

describe.each(Object.entries(parts))('a partitioned table in %s:', (_, data) => {
  const tables = `${definition}CREATE TABLE public.log_raw_p1 (\n    ts bigint,\n    topic text\n);
CREATE TABLE public.log_raw_p2 (\n    topic text,\n    ts bigint\n);
CREATE TABLE public.other (\n    ts bigint,\n    topic text\n);
`;
  const attach = (parent: string, name: string) =>
    `ALTER TABLE ONLY public.${parent} ATTACH PARTITION public.${name} FOR VALUES FROM ('1') TO ('2');\n`;

  test.each([
    ['of PostgreSQL 12 and later', attach('log_raw', 'log_raw_p1') + attach('log_raw', 'log_raw_p2') + data],
    [
      'of partitions',
      attach('log_raw', 'mid') + attach('mid', 'log_raw_p1') + attach('mid', 'log_raw_p2') + data,
    ],
    [
      'of PostgreSQL 10 and 11',
      ['log_raw_p1 (ts, topic)', 'log_raw_p2 (topic, ts)']
        .map(
          (name) => `CREATE TABLE public.${name.replace(/ .*/, '')} PARTITION OF public.log_raw DEFAULT;\n`,
        )
        .join('') +
        data
          .replaceAll(/log_raw_p2 V/g, 'log_raw_p2 (topic, ts) V')
          .replaceAll(/log_raw_p1 V/g, 'log_raw_p1 (ts, topic) V'),
    ],
  ])('%s', async (_, text) => {
    for (const size of [1, 7, 1 << 16]) {
      const { table, rows } = await take(tables + text, 'log_raw', size);
      expect(table).toMatchObject({ schema: 'public', name: 'log_raw', columns: ['ts', 'topic'] });
      expect(Object.fromEntries(table.types)).toEqual({ ts: 'bigint', topic: 'text' });
      expect(rows).toBe('1\ta\n2\tc\n3\td\n');
    }
    expect((await take(tables + text, 'log_raw_p2')).rows).toBe('c\t2\nd\t3\n');
    const again = take(tables + text + definition);
    await expect(again).rejects.toThrow('a second CREATE TABLE public.log_raw');
  });

  test('loaded by way of its root', async () => {
    const text = data.replaceAll('log_raw_p1', 'log_raw').replaceAll('log_raw_p2 V', 'log_raw (topic, ts) V').replaceAll('log_raw_p2', 'log_raw'); // prettier-ignore
    expect((await take(tables + text)).rows).toBe('1\ta\n2\tc\n3\td\n');
  });
});

describe('a table that others inherit is taken with their rows:', () => {
  const copies = {
    a: 'COPY s.a (topic, extra, ts) FROM stdin;\nx\t9\t1\n\\.\n',
    b: 'COPY public.b (ts, topic) FROM stdin;\n2\ty\n\\.\n',
    own: 'COPY public.log_raw (ts, topic) FROM stdin;\n3\tz\n\\.\n',
  };
  const other = 'CREATE TABLE public.other (\n    n integer\n);\n';
  const inserts = [
    "INSERT INTO s.a (topic, extra, ts) VALUES ('x', 9, 1);\n",
    "INSERT INTO public.b VALUES (2, 'y');\n",
    "INSERT INTO public.log_raw VALUES (3, 'z');\n",
  ].join('');
  const data = copies.a + copies.b + copies.own;

  test.each([
    [
      'named where they are made',
      `${definition}CREATE TABLE s.a (\n    extra integer\n)\nINHERITS (public.log_raw);\nCREATE TABLE public.b (\n)\nINHERITS (public.log_raw);\n`,
    ],
    [
      'named later',
      `CREATE TABLE s.a (topic text, extra integer, ts bigint);\nCREATE TABLE public.b (ts bigint, topic text);\n${definition}` +
        'ALTER TABLE s.a INHERIT public.log_raw;\nALTER TABLE ONLY public.b INHERIT public.log_raw;\n',
    ],
    [
      'in several levels',
      `${definition}CREATE TABLE public.b (\n    CONSTRAINT c CHECK ((ts < 9))\n)\nINHERITS (public.log_raw);\n` +
        'CREATE TABLE s.mid (\n)\nINHERITS (public.b);\nCREATE TABLE s.a (\n    extra integer\n)\nINHERITS (s.mid);\n',
    ],
    [
      'one of two parents',
      `${other}${definition}CREATE TABLE public.b (\n)\nINHERITS (public.log_raw);\n` +
        'CREATE TABLE s.a (\n    extra integer\n)\nINHERITS (public.other, public.log_raw, public.b);\n',
    ],
  ])('%s', async (_, tables) => {
    for (const size of [1, 7, 1 << 16])
      for (const wanted of [[], ['log_raw'], ['public.log_raw'], ['log_*']]) {
        const { table, rows } = await take(tables + data, wanted, size);
        expect(table).toMatchObject({ schema: 'public', name: 'log_raw', columns: ['ts', 'topic'] });
        expect(Object.fromEntries(table.types)).toEqual({ ts: 'bigint', topic: 'text' });
        expect(rows).toBe('1\tx\n2\ty\n3\tz\n');
      }
    expect((await take(tables + inserts)).rows).toBe('1\tx\n2\ty\n3\tz\n');
    expect((await take(tables + data, 's.a')).rows).toBe('x\t9\t1\n');
  });

  test('where a child is named beside its parent, its rows are taken once', async () => {
    const tables = `${definition}CREATE TABLE public.b (\n)\nINHERITS (public.log_raw);\nCREATE TABLE s.a (\n    extra integer\n)\nINHERITS (public.b);\n`;
    const { table, rows } = await take(tables + data, ['s.a', 'public.b']);
    expect(table).toMatchObject({ schema: 'public', name: 'b', columns: ['ts', 'topic'] });
    expect(rows).toBe('1\tx\n2\ty\n');
  });

  test('where a child bears the same name in another schema', async () => {
    const tables = `${definition}CREATE TABLE old.log_raw (\n)\nINHERITS (public.log_raw);\n`;
    const text = tables + copies.own + copies.b.replace('public.b', 'old.log_raw');
    expect((await take(text)).rows).toBe('3\tz\n2\ty\n');
    expect((await take(text, 'old.log_raw')).rows).toBe('2\ty\n');
  });

  test.each([
    ['columns of its own', '(\n    extra integer\n)'],
    ['another order', '(\n    topic text,\n    ts bigint\n)'],
  ])('or refused, where an INSERT names no columns and the child has %s', async (_, columns) => {
    const tables = `${definition}CREATE TABLE public.b ${columns}\nINHERITS (public.log_raw);\n`;
    await expect(take(tables + inserts)).rejects.toThrow(
      'nothing names the columns of public.b. Make the dump with pg_dump --column-inserts',
    );
  });

  test('or refused, where a child is attached behind its data', async () => {
    const tables = `CREATE TABLE public.b (ts bigint, topic text);\n${definition}`;
    for (const text of [copies.b + copies.own, copies.own + copies.b])
      await expect(take(`${tables}${text}ALTER TABLE public.b INHERIT public.log_raw;`)).rejects.toThrow(
        'public.b becomes a part of the log after its data. Name the tables to take, each with --table.',
      );
  });
});

describe('of a dump of data only,', () => {
  const columns = 'ts, user_id, event, item_topic, source_topic, age_segment';
  const block = (name: string, id: number) =>
    `COPY ${name} (${columns}) FROM stdin;\n${id}\t1\ta\tb\tc\td\n\\.\n`;
  const row = (id: number) => `${id}\t1\ta\tb\tc\td\n`;
  const small = 'COPY public.users (id) FROM stdin;\n1\n\\.\n';

  test('tables that may be parts of the log are named, before it and behind it', async () => {
    const says = (rest: string) => `zen.sql defines no tables, so that ${rest}.`;
    const take2 = 'Name the tables to take: ';
    for (const text of [block('log_raw', 1) + block('"log 2"', 2), block('"log 2"', 2) + block('log_raw', 1)])
      await expect(take(small + text, [])).rejects.toThrow(
        says(`public.log 2 may be parts of public.log_raw. ${take2}`).slice(0, -1),
      );
    await expect(take(block('a', 1) + block('b.c', 2), [])).rejects.toThrow(
      `zen.sql holds no data of a table log_raw. With the log's columns it has public.a, b.c. ${take2}--table public.a --table b.c.`,
    );
  });

  test('the tables that are named are taken as one', async () => {
    const text = block('log_raw', 1) + small + block('"log 2"', 2) + block('p3', 3);
    expect((await take(text, 'log_raw')).rows).toBe(row(1));
    expect((await take(text, ['public.log_raw', 'log 2'])).rows).toBe(row(1) + row(2));
    expect((await take(text, 'log*')).rows).toBe(row(1) + row(2));
    expect((await take(text, ['log*', 'public.p*'])).rows).toBe(row(1) + row(2) + row(3));
    await expect(take(text, ['log*', 'p4'])).rejects.toThrow('holds no data of a table p4');
  });

  test('a log alone is taken', async () => {
    expect((await take(small + block('log_raw', 1) + small, [])).rows).toBe(row(1));
  });
});

describe('statements before the rows', () => {
  test.each([
    "CREATE TABLE public.log_raw AS SELECT 1 AS ts, 'a' AS topic",
    'create unlogged table if not exists log_raw (ts, topic) as values (1, 2)',
    "SELECT 1 AS ts, 'a' AS topic INTO log_raw",
    "WITH x AS (SELECT 1) INSERT INTO log_raw (ts, topic) VALUES (1, 'a')",
    'PREPARE p AS INSERT INTO "public"."log_raw" VALUES (1, $1)',
    'DO $$ BEGIN INSERT INTO Log_Raw VALUES (1); END $$',
    'MERGE INTO log_raw USING other ON false WHEN NOT MATCHED THEN INSERT VALUES (1)',
    "EXPLAIN ANALYZE INSERT INTO log_raw VALUES (1, 'a')",
  ])('are refused when they may put rows into the log, on either side: %s', async (statement) => {
    for (const size of [1, 1 << 16])
      await expect(take(`${definition}\n${statement};\n${copy}1\ta\n\\.\n`, [], size)).rejects.toThrow(
        /line \d+: “.*” may put rows into public\.log_raw, and Zen runs no statements\. Load the script with psql/,
      );
    await expect(take(`${definition}${copy}1\ta\n\\.\n${statement};\n`)).rejects.toThrow(
      /may put rows into|may change/,
    );
  });

  test.each([
    'CREATE TABLE other AS SELECT * FROM log_raw',
    'SELECT 1 INTO other',
    'WITH x AS (SELECT 1) INSERT INTO other SELECT ts FROM log_raw',
    'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO log_raw VALUES (1) $$',
    'CREATE RULE r AS ON INSERT TO other DO ALSO INSERT INTO log_raw VALUES (1)',
    'DO $$ BEGIN CREATE TYPE kind AS ENUM (); EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  ])('do not matter when they put none into it: %s', async (statement) => {
    expect((await take(`${definition}\n${statement};\n${copy}1\ta\n\\.\n`, [])).rows).toBe('1\ta\n');
  });

  test.each([
    'ALTER TABLE public.log_raw DROP COLUMN topic',
    'alter table if exists only "log_raw" * add item_topic text',
    'ALTER TABLE log_raw RENAME topic TO other, OWNER TO me',
    'ALTER TABLE public.log_raw RENAME TO log_old',
  ])('that alter its columns leave them unknown to rows that name none: %s', async (statement) => {
    const row = "INSERT INTO log_raw VALUES (1, 'a');\n";
    await expect(take(`${definition}${statement};\n${row}`)).rejects.toThrow(
      'nothing names the columns of public.log_raw. Make the dump with pg_dump --column-inserts',
    );
    const named = row.replace('VALUES', '(ts, topic) VALUES');
    expect((await take(`${definition}${statement};\n${named}`)).rows).toBe('1\ta\n');
    expect((await take(`${definition}${statement};\n${definition}${row}`)).rows).toBe('1\ta\n');
  });
});

test.each([
  ['text', '\t'],
  ['csv', ','],
])('a header in %s that has to match the columns is compared with them', async (format, delimiter) => {
  const data = (...names: string[]) =>
    `${definition}COPY log_raw (ts, topic) FROM stdin (FORMAT ${format}, HEADER MATCH);\n${names.join(delimiter)}\n${['1', 'a'].join(delimiter)}\n\\.\n`;
  for (const size of [1, 1 << 16]) {
    expect((await take(data('ts', 'topic'), [], size)).rows).toBe('1\ta\n');
    await expect(take(data('topic', 'ts'), [], size)).rejects.toThrow(
      'the header names topic, ts, and COPY the columns ts, topic. Correct the one that is wrong.',
    );
  }
});

describe('statements behind the rows', () => {
  const loaded = `${definition}TRUNCATE public.log_raw;\nDELETE FROM log_raw;\n${copy}1\ta\n\\.\n`;

  test.each([
    'DELETE FROM public.log_raw WHERE ts % 2 = 0',
    'delete from only "log_raw"',
    'DELETE /* all */ FROM -- of it\n Log_Raw',
    'UPDATE public.log_raw SET ts = ts * 1000',
    'TRUNCATE other, public.log_raw',
    'TRUNCATE other CASCADE',
    'DROP TABLE IF EXISTS public.log_raw',
    'DROP SCHEMA public CASCADE',
    'ALTER TABLE public.log_raw DROP COLUMN topic',
    'ALTER TABLE ONLY public.log_raw ALTER COLUMN ts TYPE text',
    'ALTER TABLE public.log_raw RENAME TO log_old',
    'ALTER TABLE public.log_raw RENAME COLUMN topic TO item_topic',
    'ALTER TABLE public.log_raw SET SCHEMA old',
    'ALTER TABLE log_new RENAME TO log_raw',
    'ALTER TABLE public.log_raw ADD CONSTRAINT c CHECK ((ts > 0)), DROP topic',
    "ALTER TYPE kind RENAME VALUE 'show' TO 'shown'",
    'MERGE INTO log_raw USING other ON true WHEN MATCHED THEN DELETE',
    'WITH d AS (DELETE FROM log_raw RETURNING *) SELECT count(*) FROM d',
    'INSERT INTO archive WITH d AS (DELETE FROM log_raw RETURNING *) SELECT * FROM d',
    'DO $$ BEGIN DELETE FROM log_raw; END $$',
    "DO $$ BEGIN EXECUTE 'delete from ' || 'log_' || 'raw'; END $$",
    'SELECT public.cleanup()',
    'CALL cleanup()',
    'ROLLBACK',
    'EXPLAIN ANALYZE DELETE FROM log_raw',
  ])('are refused when they may change them: %s', async (statement) => {
    const text = `${loaded}\n${statement};\n`;
    for (const size of [1, 1 << 16])
      await expect(take(text, [], size)).rejects.toThrow(/line 11: “.*” may change rows before it, and/);
  });

  test.each([
    'ALTER TABLE ONLY public.log_raw ADD CONSTRAINT log_raw_pkey PRIMARY KEY (ts)',
    'ALTER TABLE public.log_raw OWNER TO "drop"',
    'ALTER TABLE public.log_raw ALTER COLUMN "a b" SET DEFAULT 1, CLUSTER ON log_raw_pkey',
    'ALTER TABLE ONLY public.log_raw ALTER COLUMN topic SET STATISTICS 100',
    'ALTER TABLE public.log_raw ENABLE TRIGGER ALL',
    'ALTER TABLE other ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES public.log_raw(ts) ON DELETE CASCADE',
    'CREATE INDEX i ON public.log_raw USING brin (ts)',
    'CREATE TRIGGER t BEFORE INSERT ON public.log_raw FOR EACH ROW EXECUTE FUNCTION f()',
    'CREATE VIEW v AS SELECT * FROM public.log_raw',
    "SELECT pg_catalog.setval('public.log_raw_id_seq', 1, true)",
    "SELECT setval(pg_get_serial_sequence('log_raw', 'id'), (SELECT max(ts) FROM log_raw))",
    'GRANT DELETE, UPDATE ON public.log_raw TO a',
    "COMMENT ON TABLE public.log_raw IS 'delete from log_raw'",
    'ANALYZE public.log_raw',
    'COMMIT',
    'DELETE FROM old.log_raw',
    'DELETE FROM other',
    'TRUNCATE other',
    'DROP TABLE IF EXISTS other CASCADE',
    'DROP TRIGGER t ON public.log_raw',
    'ALTER TABLE other DROP COLUMN a',
    'INSERT INTO archive (ts) SELECT ts FROM log_raw',
  ])('do not matter when they cannot: %s', async (statement) => {
    expect((await take(`${loaded}${statement};\n`, [])).rows).toBe('1\ta\n');
  });

  test('of a parent, and of a child, change the rows of both', async () => {
    const tables = `CREATE TABLE base (ts bigint);\nCREATE TABLE log_raw (topic text) INHERITS (base);\nCREATE TABLE part () INHERITS (log_raw);\n`;
    for (const name of ['base', 'part'])
      await expect(take(`${tables}${copy}1\ta\n\\.\nTRUNCATE ${name};`)).rejects.toThrow('“TRUNCATE');
  });

  test('may be further rows, but not of a second dump, nor behind a key or an index', async () => {
    const more = `${copy}2\tb\n\\.\n`;
    expect((await take(`${loaded}CREATE TABLE x (a int);\n${more}`)).rows).toBe('1\ta\n2\tb\n');
    for (const key of [
      'ALTER TABLE ONLY public.log_raw\n    ADD CONSTRAINT k PRIMARY KEY (ts);\n',
      'CREATE UNIQUE INDEX i ON public.log_raw (ts);\n',
    ])
      await expect(take(loaded + key + more)).rejects.toThrow(
        'rows of public.log_raw after its index or key',
      );
    const whole = (rows: string) =>
      `-- PostgreSQL database dump\n${rows}-- PostgreSQL database dump complete\n`;
    const single = `${copy}1\ta\n\\.\n`;
    await expect(take(whole(single) + whole(single))).rejects.toThrow(
      'rows of public.log_raw in a second dump',
    );
  });
});

test('a table that is defined, and has no rows, is found', async () => {
  expect(await take(definition)).toMatchObject({
    table: { name: 'log_raw', columns: ['ts', 'topic'] },
    rows: '',
  });
});

test('line ends of Windows, a byte order mark and a last line without an end are read', async () => {
  const text = `\ufeff${definition}${copy}1\ta\\r\n2\tb\n\\.`.replaceAll('\n', '\r\n');
  for (let size = 1; size <= text.length; size++) {
    expect((await take(text, 'log_raw', size)).rows).toBe('1\ta\\r\n2\tb\n');
  }
});

test('many rows are cut into pieces, and a large dump is not held', async () => {
  const rows = Array.from({ length: 50_000 }, (_, index) => `(${index}, 'x')`);
  const expected = Array.from({ length: 50_000 }, (_, index) => `${index}\tx\n`).join('');
  expect((await take(insert(rows.join(', ')))).rows).toBe(expected);
  const single = rows.map((row) => `INSERT INTO public.log_raw (ts, topic) VALUES ${row};\n`).join('');
  expect((await take(single)).rows).toBe(expected);
});

describe('a script that cannot be read is a sentence:', () => {
  test.each([
    ['a function', insert('(1, now())'), /line 5: an INSERT into public\.log_raw has the value now\(\)/],
    ['a subquery', insert(`(1, (select 'x'))`), /has the value select 'x'\)/],
    ['an expression', insert('(1 + 2, NULL)'), /has the value 1 \+ 2, which is not a literal/],
    ['two texts', insert(`(1, 'a' || 'b')`), /has the value 'a' \|\| 'b'/],
    ['a default', insert('(DEFAULT, NULL)'), /has the value DEFAULT/],
    ['a function like a default', insert('(1, default(2))'), /has the value default\(2\)/],
    ['bits that are none', insert(`(1, B'102')`), /has the value B'102'/],
    ['a narrow row', insert('(1, NULL), (2)'), /has a row of 1 values for 2 columns/],
    ['an update', insert('(1, NULL) ON CONFLICT DO UPDATE SET ts = 1'), /has ON CONFLICT DO UPDATE/],
    [
      'a query',
      `${definition}INSERT INTO log_raw SELECT 1;`,
      /log_raw has SELECT 1 where a row should start/,
    ],
    [
      'inherited columns',
      'CREATE TABLE log_raw (n integer)\nINHERITS (a);\nINSERT INTO log_raw VALUES (1, 2);',
      /nothing names the columns of public\.log_raw. Make the dump with pg_dump --column-inserts/,
    ],
    ['no columns', 'INSERT INTO log_raw VALUES (1);', /nothing names the columns of public\.log_raw/],
    ['other columns', `${insert('(1, NULL)')}INSERT INTO log_raw (ts) VALUES (1);`, /has different columns/],
    [
      'options',
      'COPY log_raw (ts) FROM stdin WITH (FORMAT binary);\n1\n\\.\n',
      /line 1: COPY with BINARY is not read\. Load the script with psql, and dump the log with pg_dump\./,
    ],
    ...[
      ['WHERE', 'WITH (FORMAT csv) WHERE ts > 1'],
      ['WHERE', 'WHERE ts > 1'],
      ['FORCE_NULL', '(FORMAT csv, FORCE_NULL (ts, topic))'],
      ['FORCE_NOT_NULL', '(FORMAT csv, FORCE_NOT_NULL *)'],
      ['FORCE', 'CSV FORCE NOT NULL topic'],
      ['DEFAULT', String.raw`(FORMAT csv, DEFAULT '\D')`],
    ].map(([name = '', options = '']): [string, string, RegExp] => [
      `rows by ${options}`,
      `${definition}COPY log_raw FROM stdin ${options};\n1\n\\.\n`,
      new RegExp(`line 5: COPY with ${name} is not read`),
    ]),
    ['a program', `COPY log_raw FROM PROGRAM 'id';`, /is not COPY … FROM stdin/],
    ['a shell', 'select 1 \\! id\n;', /line 1: \\! is a command of psql, which Zen does not follow/],
    ['an encoding that nobody reads', `SET client_encoding = 'MULE_INTERNAL';`, /is in MULE_INTERNAL, which/],
    [
      'a second encoding',
      `SET client_encoding = 'LATIN1';\nSET client_encoding = 'WIN1251';`,
      /the encoding changes to WIN1251/,
    ],
    ['no such table', `COPY a.b (x) FROM stdin;\n\\.\n`, /a table log_raw \(its tables: a\.b\)/],
    ['an empty file', '', /holds no data of any table/],
    ['a second dump', `${insert('(1, NULL)')}${definition}`, /line 6: a second CREATE TABLE public\.log_raw/],
    [
      'the end in data',
      `${copy}1\ta\n2`,
      /ends in the middle of the data of public\.log_raw: the dump is inc/,
    ],
    ['the end after COPY', copy.trim(), /ends in the middle of the data of public\.log_raw/],
    ['the end in other data', 'COPY a.b (x) FROM stdin;\n1\n', /ends in the middle of the data of a\.b/],
    ['the end in a statement', `${insert('(1, NULL)')}INSERT INTO`, /the statement that starts in line 6:/],
    [
      'the end in a text',
      insert(`(1, 'a`),
      /ends in the middle of a text, .* line 5: the dump is incomplete/,
    ],
    ['the end in a dollar quote', 'do $x$ begin $$', /ends in the middle of a dollar-quoted text/],
    ['the end in a comment', '/* /* */', /ends in the middle of a comment/],
    [
      'the end between statements',
      dump.slice(0, dump.indexOf('-- PostgreSQL database dump complete')),
      /ends in the middle of its statements: the dump is incomplete/,
    ],
  ])('%s', async (_, text, message) => {
    await expect(take(text)).rejects.toThrow(message);
    await expect(take(text, 'log_raw', 1)).rejects.toThrow(message);
    await expect(take(text)).rejects.toMatchObject({ failure: 'failed' });
  });

  test('a row of an INSERT statement without an end', async () => {
    const start = `${definition}INSERT INTO log_raw VALUES (1, 'a'), (2, '`;
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from(start);
      for (;;) yield await Promise.resolve(Buffer.alloc(1 << 22, 'a'));
    }
    const script = new Script(source('zen.sql'), endless());
    await expect(script.find('log_raw')).rejects.toThrow('a statement or row is longer than 64 MB');
  });

  test('a statement without an end', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      const chunk = Buffer.alloc(1 << 22, 'a');
      for (;;) yield await Promise.resolve(chunk);
    }
    const script = new Script(source('zen.sql'), endless()); // prettier-ignore
    await expect(script.find('log_raw')).rejects.toThrow('line 1: a statement or row is longer than 64 MB');
  });
});

test('an INSERT statement of any length is read by pieces', async () => {
  const count = 180_000;
  const value = (row: number) => `(${row}, 'it''s; (${'x'.repeat(400)}'::text)`;
  let unread = 0;
  let peak = 0;
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${definition}INSERT INTO log_raw\n  (ts, topic) VALUES\n${value(0)}`);
    for (let row = 1; row < count; row += 1000) {
      const rows = Array.from({ length: Math.min(1000, count - row) }, (_, at) => `,\n${value(row + at)}`);
      const chunk = Buffer.from(rows.join(''));
      unread += chunk.length;
      peak = Math.max(peak, unread);
      yield await Promise.resolve(chunk);
    }
    yield Buffer.from('\nON CONFLICT DO NOTHING;\nINSERT INTO log_raw (ts, topic) VALUES (7, random());\n');
  }
  const script = new Script(source('zen.sql'), bytes());
  let rows = 0;
  const read = async () => {
    for await (const piece of script.rows(await script.find('log_raw'))) {
      unread = 0;
      for (const line of piece.toString().split('\n').slice(0, -1))
        if (line !== `${rows++}\tit's; (${'x'.repeat(400)}`) throw new Error(`row ${rows}: ${line}`);
    }
  };
  await expect(read()).rejects.toThrow(
    `line ${8 + count}: an INSERT into public.log_raw has the value random()`,
  );
  expect(rows).toBe(count);
  expect(peak).toBeLessThan(2 << 20);
});

describe('a definition', () => {
  test('gives the types of its columns as they are written', () => {
    const sql = `-- a comment
CREATE UNLOGGED TABLE IF NOT EXISTS "My;s".log_raw (
    ts timestamp(3) without time zone DEFAULT ('now'::text)::timestamp with time zone NOT NULL,
    "a ""b"", (c" numeric(10,2) DEFAULT 1.5, -- another
    tags text[] COLLATE pg_catalog."C" NOT NULL,
    kind public."My type",
    n double precision GENERATED ALWAYS AS ((ts * 2, 'x)')) STORED,
    exclude boolean,
    Age VARCHAR(5) CHECK (age <> ')'),
    CONSTRAINT c CHECK ((n > 0)),
    PRIMARY KEY (ts, n),
    EXCLUDE USING gist (ts WITH &&)
)
PARTITION BY RANGE (ts);`;
    expect(readDefinition(sql)).toEqual({
      schema: 'My;s',
      name: 'log_raw',
      parents: [],
      types: new Map([
        ['ts', 'timestamp(3) without time zone'],
        ['a "b", (c', 'numeric(10,2)'],
        ['tags', 'text[]'],
        ['kind', 'public."My type"'],
        ['n', 'double precision'],
        ['exclude', 'boolean'],
        ['age', 'varchar(5)'],
      ]),
    });
  });

  test.each(['CREATE VIEW a AS SELECT 1', 'ALTER TABLE ONLY a ADD b int', '', 'CREATE'])(
    'is not %j',
    (sql) => {
      expect(readDefinition(sql)).toBeUndefined();
    },
  );

  test.each([
    'CREATE TABLE a (',
    'CREATE TABLE a (b',
    'CREATE TABLE a ()',
    'CREATE TABLE a OF b (c NOT NULL)',
  ])('may be as short as %j', (sql) => {
    expect(readDefinition(sql)).toEqual({ schema: '', name: 'a', types: new Map(), parents: [] });
  });

  test.each([
    ['CREATE TABLE a (\n)\nINHERITS (b)', [], [['', 'b']]],
    [
      'CREATE TABLE a (\n    c integer,\n    CONSTRAINT d CHECK ((c > 0))\n)\nINHERITS (public.b, "C".d);',
      [['c', 'integer']],
      [
        ['public', 'b'],
        ['C', 'd'],
      ],
    ],
    ['CREATE TABLE a PARTITION OF s.b DEFAULT', [], [['s', 'b']]],
  ] as [string, [string, string][], [string, string][]][])(
    'names the parents in %j',
    (sql, types, parents) => {
      expect(readDefinition(sql)).toEqual({
        schema: '',
        name: 'a',
        types: new Map(types),
        parents: parents.map(([schema, name]) => ({ schema, name })),
      });
    },
  );
});

test.each([
  [
    'COPY public.log_raw (a, b_c) FROM stdin;\n',
    { schema: 'public', name: 'log_raw', columns: ['a', 'b_c'], options: new Map() },
  ],
  ['COPY "s."".t"."x y" ("A b", "q""q", "x)y") FROM stdin', { schema: 's.".t', name: 'x y', columns: ['A b', 'q"q', 'x)y'], options: new Map() }], // prettier-ignore
  ['copy Log_Raw from STDIN;', { schema: '', name: 'log_raw', columns: [], options: new Map() }],
  [
    'COPY public.log_raw () FROM stdin;',
    { schema: 'public', name: 'log_raw', columns: [], options: new Map() },
  ],
  ['COPY a (b) FROM stdin WITH CSV;', { schema: '', name: 'a', columns: ['b'], options: new Map([['format', 'csv']]) }], // prettier-ignore
  ["COPY a FROM stdin (FORMAT text, DELIMITER E'\\t', NULL 'a''b', HEADER)", { schema: '', name: 'a', columns: [], options: new Map([['format', 'text'], ['delimiter', '\t'], ['null', "a'b"], ['header', 'true']]) }], // prettier-ignore
  ['COPY BINARY a FROM stdin;', undefined],
  ['COPY a TO stdout;', undefined],
])('the COPY statement %j is read', (sql, expected) => {
  expect(readCopy(sql)).toEqual(expected);
});
