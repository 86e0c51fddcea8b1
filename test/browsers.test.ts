import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import ts from 'typescript';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { writePage } from '../src/output.ts';
import { parseTime } from '../src/time.ts';
import { findOldest, launchBrowser, openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { restoreFixture } from './support/log.ts';
import { inOrder, readDrawn, selectDrawn } from './support/selection.ts';
import { render } from './support/page.ts';

let db: Database;
let html: string;
const folder = temporaryFolder();

beforeAll(async () => {
  db = await newDatabase('server');
  await restoreFixture(db);
  const day = { start: parseTime('2019-09-24'), end: parseTime('2019-09-25') };
  await aggregate(db, [day], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  ({ html } = await render(db, { locale: 'ru' }));
});

afterAll(async () => {
  await db.close();
});

async function open(browser: Browser, text: string, before = ''): Promise<{ page: Page; said: string[] }> {
  const file = join(folder, `${text.length}.html`);
  await writePage(file, text);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  if (before !== '') await page.addInitScript(before);
  await page.goto(pathToFileURL(file).href);
  return { page, said };
}

test('the oldest browser that the documents name draws the page, and filters it', async () => {
  const browser = await launchBrowser(await findOldest());
  try {
    expect(browser.version()).toMatch(/^109\./);
    const { page, said } = await open(browser, html);
    await page.waitForSelector('html[data-zen=ready]');
    await page.click('#ages .name >> nth=1');
    await page.evaluate(() => new Promise(requestAnimationFrame));
    const ages = await page.$eval('#ages', (control) => (control as unknown as { value: string[] }).value);
    expect(ages).toHaveLength(1);
    const selection = { period: null, topics: null, ages };
    expect(inOrder(await readDrawn(page))).toEqual(inOrder(await selectDrawn(db, selection)));
    expect(said).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('the compiler knows no more of the language than the oldest browsers do', () => {
  const { compilerOptions } = JSON.parse(readFileSync('src/client/tsconfig.json', 'utf8')) as {
    compilerOptions: { lib: string[] };
  };
  expect(compilerOptions.lib).toEqual(['es2022', 'dom', 'dom.iterable']);
});

interface Known {
  __compat?: { support: Record<string, { version_added?: string } | { version_added?: string }[]> };
}

/** The oldest browsers, by their names in MDN's data of what each of them knows. */
const oldest = { chrome: 109, firefox: 115, safari: 16.4 };

/** The interfaces that MDN names instead of a mixin of the compiler's library. */
const mixed = ['Element', 'HTMLElement', 'SVGElement', 'Document', 'Window', 'Node'];

test('the script uses nothing of the DOM that one of the oldest browsers lacks', () => {
  const { api } = createRequire(import.meta.url)('@mdn/browser-compat-data') as {
    api: Record<string, Record<string, Known>>;
  };
  const isOld = ({ __compat }: Known) =>
    Object.entries(oldest).every(([browser, version]) =>
      [__compat?.support[browser] ?? []].flat().some((one) => Number(one.version_added) <= version),
    );
  const { config } = ts.readConfigFile('src/client/tsconfig.json', (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, 'src/client');
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const used = new Map<string, boolean>();
  const look = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      const name = node.name.text;
      for (const { parent } of checker.getSymbolAtLocation(node.name)?.declarations ?? []) {
        if (!ts.isInterfaceDeclaration(parent) || !parent.getSourceFile().fileName.includes('lib.dom'))
          continue;
        const owner = [parent.name.text, ...mixed].find((each) => api[each]?.[name]);
        if (owner) used.set(`${owner}.${name}`, isOld(api[owner]?.[name] ?? {}));
      }
    }
    ts.forEachChild(node, look);
  };
  for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) look(file);
  expect(used.size).toBeGreaterThan(60);
  // A browser that cannot copy a picture says so.
  expect([...used].filter(([, old]) => !old).map(([name]) => name)).toEqual(['Clipboard.write']);
});

test('a browser without DecompressionStream is told in words, and the controls do nothing', async () => {
  const browser = await openBrowser();
  try {
    const { page } = await open(browser, html, 'delete globalThis.DecompressionStream');
    const note = page.locator('.stalled');
    await note.waitFor({ timeout: 15_000 });
    expect(await note.innerText()).toMatch(/^Фильтры здесь не работают/);
    expect(
      await page.$$eval('.controls, .tools', (parts) => parts.every((part) => part.matches('[inert]'))),
    ).toBe(true);
    expect(await page.locator('#notice').isVisible()).toBe(false);
    expect(await page.locator('#history svg').first().isVisible()).toBe(true);
  } finally {
    await browser.close();
  }
});
