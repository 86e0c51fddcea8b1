import { expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

/** A folder with a zen.json in it. */
function newProject(text: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'zen.json'), text);
  return folder;
}

interface InForce {
  name: string;
  value: string;
  from: string;
}

/** The values in force by name, as `zen config` has them. */
async function listInForce(
  cwd: string,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await call(['config', '--json', ...args], { cwd, env });
  expect([code, stderr]).toEqual([0, '']);
  const { settings } = JSON.parse(stdout) as { settings: InForce[] };
  return Object.fromEntries(settings.map(({ name, value, from }) => [name, `${value} (${from})`]));
}

test('a setting of zen.json stands for all commands, or for one; the environment is stronger', async () => {
  const cwd = newProject(`{
  "title": "News",
  "locale": "en",
  "database": "postgres://me:secret@db.example/log",
  "render": { "max-size": 5, "title": "A page" }
}
`);
  const found = await listInForce(cwd, { ZEN_LOCALE: 'ru', ZEN_KEEP: '3' });
  expect(found).toMatchObject({
    locale: 'ru (ZEN_LOCALE)',
    'nightly.keep': '3 (ZEN_KEEP)',
    'nightly.title': 'News (zen.json, line 2)',
    'render.title': 'A page (zen.json, line 5)',
    'render.max-size': '5 (zen.json, line 5)',
    'nightly.max-size': '10 (default)',
    database: 'postgres://me:***@db.example/log (zen.json, line 4)',
  });
  expect(await listInForce(cwd, { PGHOST: 'other', PGPASSWORD: 'secret' })).toMatchObject({
    database: 'postgres:// (environment)',
  });
});

test('without a project, all is by default', async () => {
  const { code, stdout } = await call(['config'], { cwd: temporaryFolder() });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^No project: .*\n[^]*^nightly\.last +7d +default$/m);
});

test('a command takes its settings: the command line is the strongest; paths start at the folder of zen.json', async () => {
  const cwd = newProject('{ "render": { "out": "pages/own.html", "title": "News", "locale": "en" } }');
  writeFileSync(
    join(cwd, 'log.csv'),
    'event_id,ts,user_id,event,item_topic,source_topic,age_segment\n1,1569348000000,1,show,a,b,c\n',
  );
  const below = join(cwd, 'deep/down');
  mkdirSync(below, { recursive: true });
  expect(await call(['restore', '../../log.csv'], { cwd: below })).toMatchObject({ code: 0 });
  expect(
    await call(['aggregate', '--start-dt', '2019-09-24', '--end-dt', '2019-09-25'], { cwd: below }),
  ).toMatchObject({ code: 0 });
  expect(await call(['render'], { cwd: below })).toMatchObject({ code: 0 });
  expect(readFileSync(join(cwd, 'pages/own.html'), 'utf8')).toContain('<title>News</title>');
  expect(await call(['render', '--title', 'Else', '--out', 'here.html'], { cwd: below })).toMatchObject({
    code: 0,
  });
  expect(readFileSync(join(below, 'here.html'), 'utf8')).toContain('<title>Else</title>');
  expect(await call(['status', '--project', cwd], { cwd: temporaryFolder() })).toMatchObject({ code: 0 });
});

test.each([
  ['{', 1, 'is not JSON (close brace expected). Write it as JSON, such as { "title": "News" }.'],
  [
    '{\n  "title": "a",\n}',
    3,
    'is not JSON (property name expected). Write it as JSON, such as { "title": "News" }.',
  ],
  [
    '{\n  // a word\n}',
    2,
    'is not JSON (invalid comment token). Write it as JSON, such as { "title": "News" }.',
  ],
  ['{ "pages": [{ "name": "a", "out": "en/" }] }', 1, '“pages.0.out” is “en/”, which is not a file. Write en/zen.html.'], // prettier-ignore
  ['{ "pages": [{ "name": "a", "out": "en\\\\" }] }', 1, /which is not a file\. Write en\\zen\.html\.$/],
  ['[]', 1, 'is not an object. Write {}, with or without settings.'],
  ['{\n  "titel": "a"\n}', 2, 'there is no setting “titel”. Did you mean “title”?'],
  ['{\n  "Title": "a"\n}', 2, 'there is no setting “Title”. Did you mean “title”?'],
  [
    '{ "render": {\n"max-sise": 1 } }',
    2,
    'there is no setting “max-sise” in “render”. Did you mean “max-size”?',
  ],
  ['{ "restore": { "keep": 1 } }', 1, /^there is no setting “keep” in “restore”\. There are .*\byes\b.*\.$/],
  ['{ "yes": true }', 1, /^there is no setting “yes”\. /],
  ['{ "render": 5 }', 1, '“render” must be an object.'],
  ['{ "title": ["a"] }', 1, '“title” must be a text or a number.'],
  ['{ "users": "yes" }', 1, '“users” must be true or false.'],
  ['{\n\n"minute": "ceil" }', 3, '“minute” may be floor, nearest. Choose one.'],
  ['{ "restore": { "null": "x" } }', 1, '“restore.null” must be a list.'],
  ['{ "title": "a",\n"title": "b" }', 2, '“title” appears twice. Keep one of them.'],
  ['{ "render": { "max-size": "x" } }', 1, /^render\.max-size: “x” is not a size in megabytes: /],
  ['{ "render": { "last": 7 } }', 1, /^render\.last: .*“7”/],
])('a mistake in zen.json is a sentence with its line: %s', async (text, line, said) => {
  const cwd = newProject(text);
  const { code, stderr } = await call(['render'], { cwd });
  expect(code).toBe(2);
  const start = `${join(cwd, 'zen.json')}, line ${line}: `;
  expect(stderr.startsWith(start)).toBe(true);
  const rest = stderr.slice(start.length).trimEnd();
  if (typeof said === 'string') expect(rest).toBe(said);
  else expect(rest).toMatch(said);
});

test('a variable that no option has is refused, and the nearest one named', async () => {
  const cwd = temporaryFolder();
  const { code, stderr } = await call(['status'], { cwd, env: { ZEN_LOOKBAK: '6h' } });
  expect([code, stderr]).toEqual([2, 'Zen has no variable ZEN_LOOKBAK. Did you mean “ZEN_LOOKBACK”?\n']);
});

test('a schedule that is printed for a project runs in its folder', async () => {
  const project = newProject('{ "nightly": { "out": "pages/night.html" }, "out": "all.html" }');
  const { code, stdout } = await call(['schedule', '--cron', '--project', project], {
    cwd: temporaryFolder(),
  });
  expect(code).toBe(0);
  expect(stdout).toContain(`cd '${project}'`);
});
