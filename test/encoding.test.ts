import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Database } from '../src/db/database.ts';
import { quoteName } from '../src/db/database.ts';
import { openServer } from '../src/db/server.ts';
import { newDatabase, newUrl, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

const cwd = temporaryFolder();
const page = join(cwd, 'zen.html');
let admin: Database;
let utf8: string | undefined;

beforeAll(async () => {
  admin = await newDatabase('server');
});

afterAll(async () => {
  await admin.close();
});

/** The arguments that name a new database in an encoding. */
async function create(encoding: string): Promise<string[]> {
  const url = newUrl();
  const name = quoteName(new URL(url).pathname.slice(1));
  await admin.run(
    `create database ${name} template template0 encoding '${encoding}' lc_collate 'C' lc_ctype 'C'`,
  );
  return ['--database', url];
}

/** A log of 180 events on an evening; ids are texts, so that they are in the page's counts as such. */
function log(topics: string[]): string {
  const file = join(cwd, 'log.csv');
  const rows = Array.from({ length: 180 }, (_, at) => {
    const topic = topics[at % topics.length] ?? '';
    return `${1569348000000 + at * 20_000},Ю-${at % 7},${['show', 'click', 'показ'][at % 3]},${topic},${topic},18-25\n`;
  });
  writeFileSync(file, `ts,user_id,event,item_topic,source_topic,age_segment\n${rows.join('')}`);
  return file;
}

/** Restores, aggregates and renders; gives the page's data. */
async function run(database: string[], file: string): Promise<string | undefined> {
  for (const args of [
    ['restore', file, '--yes'],
    ['aggregate', '--users'],
    ['render', '--out', page],
  ]) {
    const { code, stderr } = await call([...args, ...database, '--quiet'], { cwd });
    expect([args[0], code, stderr]).toEqual([args[0], 0, '']);
  }
  return /<script type="text\/plain" id="payload">(.*?)<\/script>/s.exec(readFileSync(page, 'utf8'))?.[1];
}

test.each(['WIN1251', 'KOI8R', 'SQL_ASCII'])(
  'a page from a database in %s is that from one in UTF-8',
  async (encoding) => {
    const file = log(['Наука', 'Кино', 'Ёлки']);
    const expected = (utf8 ??= await run(await create('UTF8'), file));
    expect(expected).toMatch(/./);
    expect(await run(await create(encoding), file)).toBe(expected);
  },
);

describe.each([
  ['LATIN1', 'Кино'],
  ['WIN1251', 'Hét ★'],
  ['KOI8R', 'Hét ★'],
])('a name that %s cannot hold', (encoding, topic) => {
  test('ends in a sentence that says what can', async () => {
    const database = await create(encoding);
    const { code, stdout, stderr } = await call(['restore', log([topic]), '--yes', '--quiet', ...database], {
      cwd,
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      new RegExp(
        `refused: character with byte sequence .* has no equivalent in encoding "${encoding}".* ` +
          `Restore into a database whose encoding is UTF8\\.\n$`,
      ),
    );
  });
});

test('a failed run is in the ledger of a database that lacks our quotes and dashes', async () => {
  const database = await create('KOI8R');
  const url = database[1] ?? '';
  await run(database, log(['Кино']));
  const db = await openServer(url);
  await db.run(`create function public.stop() returns trigger language plpgsql as $$
    begin raise '%', repeat('Кино ', 50); end $$`);
  await db.run('create trigger stop before insert on dash_visits execute function public.stop()');
  const { code } = await call(
    ['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-09-25', ...database],
    {
      cwd,
    },
  );
  expect(code).toBe(1);
  expect(await db.query('select error from zen_runs order by run_id desc limit 1')).toEqual([
    { error: expect.stringMatching(/Кино Кино К?.*\.\.\./) },
  ]);
  await db.close();
});

test('what is sent to a server is ASCII', () => {
  const files = (folder: string, ending: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(ending))
      .map((path) => join(folder, path));
  const texts = [
    ...files('sql', '.sql').map((path) => ({ path, text: readFileSync(path, 'utf8') })),
    ...files('src', '.ts').flatMap((path) => listTexts(path).map((text) => ({ path, text }))),
  ];
  const statements = texts.filter(({ path, text }) => path.endsWith('.sql') || isStatement.test(text));
  expect(statements.length).toBeGreaterThan(60);
  expect(statements.filter(({ text }) => /[^\0-\x7f]/.test(text))).toEqual([]);
});

const isStatement =
  /^\s*(select|with|insert|delete|update|truncate|copy|analyze|set|begin|commit|rollback|create|alter|drop|lock)\s/;

/** The texts of a source file, what is put into them as `…`. */
function listTexts(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isTemplateExpression(node))
      texts.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('$'));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}
