import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { openDatabase } from '../src/db/open.ts';
import { openBrowser } from './support/browser.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { call } from './support/zen.ts';

const url = newUrl();
const env = { ZEN_DATABASE_URL: url };

const logo = `<?xml version="1.0"?>
<!-- A leaf. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" width="10" height="10">
  <defs><linearGradient id="topics"><stop offset="0" stop-color="#0a7d5a"/></linearGradient></defs>
  <title>Leaf &amp; co</title><g fill="url(#topics)"><path id="leaf" d="M0 0L10 10"/></g><use href='#leaf'/>
</svg>
`;

const files = {
  'zen.json': '{ "locale": "de" }',
  'templates/theme.json': JSON.stringify({
    font: 'Georgia, serif',
    colors: { accent: '#0a7d5a' },
    dark: { accent: '#3fcf9a' },
    bar: { color: '#0a7d5a' },
  }),
  'templates/page.css': 'h1 { letter-spacing: 1px; }',
  'templates/logo.svg': logo,
  'templates/locales/de.json': JSON.stringify({
    number: { decimal: ',' },
    messages: { Reset: 'Zurück', Age: 'Alter' },
  }),
};

function newProject(own: Record<string, string>): string {
  const cwd = temporaryFolder();
  for (const [path, content] of Object.entries({ 'zen.json': '{}', ...own })) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), content);
  }
  return cwd;
}

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
  const db = await openDatabase({ kind: 'server', url }, { create: true });
  const names = { item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
  await insertEvents(db, [{ ts: Date.UTC(2026, 10, 20), user_id: 1, ...names }]);
  await db.close();
  expect(await call(['aggregate'], { cwd: temporaryFolder(), env })).toMatchObject({ code: 0 });
});
afterAll(() => browser.close());

describe('a project’s looks', () => {
  const cwd = newProject(files);
  const file = join(cwd, 'page.html');

  test('are on its page, which breaks no rule of its policy and asks for nothing', async () => {
    expect(await call(['render', '--out', file], { cwd, env })).toMatchObject({ code: 0 });
    const page = await browser.newPage();
    const told: string[] = [];
    page.on('console', (message) => told.push(message.text()));
    page.on('pageerror', (error) => told.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) told.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('html[data-zen=ready]');
    const found = await page.evaluate(() => ({
      accent: getComputedStyle(document.documentElement).getPropertyValue('--accent'),
      font: getComputedStyle(document.body).fontFamily,
      spacing: getComputedStyle(document.querySelector('h1') as Element).letterSpacing,
      logo: document.querySelector('.logo svg')?.getBoundingClientRect().height,
      reset: document.querySelector('#reset')?.textContent,
      language: document.documentElement.lang,
      topics: document.querySelectorAll('#topics').length,
    }));
    expect(found).toEqual({
      accent: '#0a7d5a',
      font: 'Georgia, serif',
      spacing: '1px',
      logo: 40,
      reset: 'Zurück',
      language: 'de',
      topics: 1,
    });
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(
      await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent')),
    ).toBe('#3fcf9a');
    expect(told).toEqual([]);
    await page.close();
    const html = readFileSync(file, 'utf8');
    expect(html).toContain('<h2 id="ages-label">Alter</h2>');
    expect(html).toContain('Georgia, serif&quot;'.replace('&quot;', '"'));
    expect(html).toContain('Card topics');
  });

  test('are verified with the page, in the project and elsewhere', async () => {
    for (const place of [cwd, temporaryFolder()])
      expect(await call(['verify', file, '--database', url], { cwd: place })).toMatchObject({ code: 0 });
    writeFileSync(
      join(cwd, 'forged.html'),
      readFileSync(file, 'utf8').replace('letter-spacing: 1px', 'letter-spacing: 2px'),
    );
    expect(await call(['verify', 'forged.html'], { cwd })).toMatchObject({ code: 5 });
  });

  test('are looked at by zen check, which lists the texts that stay English', async () => {
    const { code, stdout } = await call(['check'], { cwd, env });
    expect(code).toBe(0);
    for (const path of ['templates/theme.json', 'templates/page.css', 'templates/logo.svg'])
      expect(stdout).toContain(`ok    ${path}: can be used\n`);
    const [, number, texts = ''] =
      /^note {2}templates\/locales\/de\.json lacks (\d+) texts, which stay English: (.*)$/m.exec(stdout) ??
      [];
    const { messages } = JSON.parse(readFileSync('templates/locales/ru.json', 'utf8')) as {
      messages: object;
    };
    expect(Number(number)).toBe(Object.keys(messages).length - 2);
    expect(texts).toContain('“Card topics”');
    expect(texts).not.toContain('“Reset”');
  });
});

const svg = (inner: string, attributes = '') => `<svg viewBox="0 0 1 1"${attributes}>${inner}</svg>`;

test.each([
  ['templates/theme.json', '{', /theme\.json is not JSON: /],
  ['templates/theme.json', '[]', /theme\.json is not an object\. Write it as/],
  [
    'templates/theme.json',
    '{"colors": {"acent": "red"}}',
    /theme\.json has the colour “acent”, which the page does not have\. Did you mean “accent”\?/,
  ],
  [
    'templates/theme.json',
    '{"colors": {"accent": "red; } body { display: none"}}',
    /theme\.json has "red; .*" for “accent”\. Write a colour/,
  ],
  ['templates/theme.json', '{"font": "x; } a { b: c"}', /theme\.json has a font that is not a list of names/],
  ['templates/page.css', 'a { background: URL(http://a.example/b) }', /page\.css has “URL\(”\. /],
  ['templates/page.css', '@import "a.css";', /page\.css has “@import”\. /],
  ['templates/page.css', '</style><script>alert(1)</script>', /page\.css has “<”\. /],
  ['templates/page.css', 'a { background: \\75rl(b) }', /page\.css has “\\”\. /],
  ['templates/logo.svg', svg('<script>alert(1)</script>'), /logo\.svg has the element “script”\. /],
  ['templates/logo.svg', svg('<g onload="alert(1)"/>'), /logo\.svg has onload="alert\(1\)"\. /],
  ['templates/logo.svg', svg('<use href="https://a.example/b#c"/>'), /logo\.svg has href="https/],
  [
    'templates/logo.svg',
    svg('<use xlink:href="java&#115;cript:alert(1)"/>'),
    /logo\.svg has xlink:href="java/,
  ],
  ['templates/logo.svg', svg('<path fill="url(//a.example/b)"/>'), /logo\.svg has fill="url/],
  ['templates/logo.svg', svg('', ' style="position: fixed"'), /logo\.svg has style="position/],
  ['templates/logo.svg', svg('<image width="1"/>'), /logo\.svg has the element “image”\. /],
  ['templates/logo.svg', svg('<foreignObject/>'), /logo\.svg has the element “foreignObject”\. /],
  [
    'templates/logo.svg',
    `<!DOCTYPE svg [<!ENTITY a "b">]>${svg('')}`,
    /logo\.svg cannot be read at “<!DOCTYPE/,
  ],
  ['templates/logo.svg', `${svg('')}<svg></svg>`, /logo\.svg has “svg” where it does not belong/],
  ['templates/logo.svg', '<svg><g></svg>', /logo\.svg has “svg” where it does not belong/],
  ['templates/logo.svg', 'PNG', /logo\.svg is not a complete SVG\./],
  [
    'templates/logo.svg',
    svg(' '.repeat(5_000_000)),
    /logo\.svg has 5001 kB: each page carries it, so make it 100 kB at most\./,
  ],
  ['templates/locales/de.json', '{', /de\.json is not JSON: /],
  [
    'templates/locales/de.json',
    '{"messages": {"Age": 5}}',
    /de\.json is not a language: “Age” has no text\./,
  ],
  ['templates/locales/de.json', '{"language": "no such"}', /de\.json is not a language: Incorrect locale/],
])('a mistake in %s is a sentence, and nothing is written: %.60s', async (path, content, said) => {
  const cwd = newProject({
    'zen.json': '{"locale": "de"}',
    'templates/locales/de.json': '{}',
    [path]: content,
  });
  const rendered = await call(['render', '--out', 'page.html'], { cwd, env });
  expect([rendered.code, rendered.stderr]).toEqual([2, expect.stringMatching(said)]);
  expect(existsSync(join(cwd, 'page.html'))).toBe(false);
  const checked = await call(['check'], { cwd, env });
  expect([checked.code, `${checked.stdout}${checked.stderr}`]).toEqual([5, expect.stringMatching(said)]);
});

test('a language that is not there is refused before anything is done', async () => {
  const cwd = newProject({ 'zen.json': '{"locale": "fr"}' });
  for (const command of ['render', 'nightly']) {
    const { code, stderr } = await call([command, '--out', 'page.html'], { cwd, env });
    expect([code, stderr]).toEqual([
      2,
      'There is no language “fr”. There are en, ru; to add one, write templates/locales/fr.json in a project.\n',
    ]);
  }
});
