import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buffer } from 'node:stream/consumers';
import type { Browser, Page } from 'playwright-core';
import { between, mulberry32 } from '../fixtures/random.ts';
import type { Random } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { sql } from '../src/files.ts';
import { writePage } from '../src/output.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { cases } from './support/cases.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { inOrder, readDrawn, selectDrawn } from './support/selection.ts';
import { render } from './support/page.ts';

const noon = parseTime('2026-11-22 12:00');

/** Names that would run, break out, or be taken for something else, wherever a name stands as anything but text. */
const names = [
  ...[
    '</script><script>document.title="broken"</script>',
    '<img src=x onerror=alert(1)>',
    '<!--<script',
    '{{x}}',
  ],
  ...[
    'javascript:alert(1)',
    '"><style>*{display:none}</style>',
    '$&',
    '"',
    "'",
    'datum.x',
    '__proto__',
    'constructor',
  ],
  ...[
    'a\u2028b\u2029c',
    '\u202Eabc',
    '👩‍👩‍👧‍👦',
    'Ёж',
    'ёж',
    'e\u0301',
    '\u00E9',
    '&lt;b&gt;',
    'a,b&ages=45+#c',
    '%00',
  ],
  ...[
    '=cmd|"/c calc"!A1',
    '+1',
    '@SUM(A1)',
    '-1',
    '\t=1',
    'line\nbreak',
    '\u0001\u001f',
    'д'.repeat(10_000),
    ' ',
  ],
];

/** Strings of whatever characters most often break something. */
function fuzz(random: Random): string {
  const parts = [
    '<',
    '>',
    '&',
    '"',
    "'",
    '`',
    '\\',
    '/',
    '{',
    '}',
    '$',
    '#',
    '%',
    ',',
    '=',
    '\n',
    '\r',
    '\u2028',
    'ѐ',
    '🦔',
  ];
  return Array.from(
    { length: between(random, 1, 12) },
    () => parts[between(random, 0, parts.length - 1)],
  ).join('');
}

const random = mulberry32(7);
const fuzzed = Array.from({ length: 200 }, () => fuzz(random));
const many = Array.from({ length: cases(5000) }, (_, at) => `topic ${at}`);
const few = [...new Set([...names, ...fuzzed])];

/** The hostile names in one half hour, all others in the next. */
const log = [...few, ...names, ...names, null, '', ...many].map((topic, at) => ({
  ts: noon + ((at % 30) + (topic?.startsWith('topic') ? 30 : 0)) * minuteMs,
  user_id: at % 700,
  item_topic: topic as never,
  source_topic: (names[at % names.length] ?? '') as never,
  age_segment: (at % 7 === 0 ? names[at % 5] : '18-25') as never,
  event: (['show', 'click', 'view', names[at % 3]] as const)[at % 4] as never,
}));

let db: Database;
let browser: Browser;
/** The page of the hostile names, and the one of the many others, too. */
let file: string;
let large: string;

beforeAll(async () => {
  browser = await openBrowser();
  db = await newDatabase('server');
  await db.run(sql('restore/table'));
  for (const column of ['item_topic', 'source_topic', 'age_segment', 'event'])
    await db.run(`alter table log_raw alter column ${column} type varchar`);
  await insertEvents(db, log);
  const day = { start: noon - dayMs / 2, end: noon + dayMs / 2 };
  await aggregate(db, [day], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  const folder = temporaryFolder();
  [file, large] = [join(folder, 'zen.html'), join(folder, 'large.html')];
  const options = { locale: 'en' as const, title: '</title><script>alert(1)</script>' };
  await writePage(file, (await render(db, { ...options, end: noon + 30 * minuteMs })).html);
  await writePage(large, (await render(db, options)).html);
});

afterAll(async () => {
  await browser.close();
  await db.close();
});

/** Deeds that the page must never do. */
interface Deeds {
  requests: string[];
  said: string[];
  dialogs: string[];
}

async function open(address: string): Promise<{ page: Page; deeds: Deeds }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
  const page = await context.newPage();
  const deeds: Deeds = { requests: [], said: [], dialogs: [] };
  page.on('request', (request) => {
    if (!request.url().startsWith('blob:')) deeds.requests.push(request.url().replace(/#.*/, ''));
  });
  page.on('console', (message) => deeds.said.push(message.text().slice(0, 300)));
  page.on('pageerror', (error) => deeds.said.push(error.message));
  page.on('dialog', (dialog) => {
    deeds.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`violated: ${event.violatedDirective}`);
    });
  });
  await page.goto(address);
  await page.waitForSelector('html[data-zen=ready]', { timeout: 60_000 });
  return { page, deeds };
}

/** The cells of a CSV text (RFC 4180). */
function parseCsv(text: string): string[][] {
  const cells = text.replace(/^\uFEFF/, '').matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n)/g);
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of cells) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

async function take(page: Page, panel: string, format: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click(`${panel} [data-take=${format}]`),
  ]);
  return (await buffer(await download.createReadStream())).toString('utf8');
}

/** Uses everything there is to use. */
async function useAll(page: Page): Promise<void> {
  await page.click('#topics .all');
  await page.fill('#topics input', '<script');
  await page.keyboard.press('Enter');
  await page.fill('#topics input', '');
  await page.click('#reset');
  await page.hover('#topics .option >> nth=0');
  for (const at of [0, 1, 2]) await page.click(`#topics .name >> nth=${at}`);
  await page.click('#ages .name >> nth=1');
  await page.click('#ages .all');
  await page.fill('#period input >> nth=0', '2026-11-22 12:03');
  await page.keyboard.press('Enter');
  await page.fill('#period input >> nth=1', '<b>never</b>');
  await page.keyboard.press('Enter');
  await page.selectOption('#period select', { index: 0 });
  const box = await page.locator('#history .view').boundingBox();
  if (!box) throw new Error('The history has no place.');
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.6);
  await page.mouse.move(box.x + box.width * 0.45, box.y + box.height * 0.6, { steps: 4 });
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.6, { steps: 4 });
  await page.mouse.up();
  await page.hover('#sources .view path >> nth=0', { force: true });
  await page.hover('#funnel .view path >> nth=0', { force: true });
  for (const panel of ['#history', '#sources', '#funnel']) {
    await page.click(`${panel} summary`);
    for (const format of ['csv', 'png', 'svg']) await take(page, panel, format);
    await page.click(`${panel} summary`);
  }
  await page.click('#funnel [data-show=people]');
  await page.click('#people summary');
  await take(page, '#people', 'csv');
  await page.click('#people [data-show=funnel]');
  await page.click('#definitions summary');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  await page.emulateMedia({ media: 'screen' });
  await page.click('#reset');
}

describe(`a page full of hostile names and ${many.length} topics`, () => {
  test('asks for nothing, violates nothing and says nothing while everything in it is used, from a file and a server', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html' });
      response.end(request.url === '/' ? readFileSync(file) : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (const from of [pathToFileURL(large).href, address]) {
      const { page, deeds } = await open(from);
      await useAll(page);
      // A browser asks a server for the icon of its own accord; a page cannot be blamed for that.
      const requests = deeds.requests.filter((url) => !url.endsWith('/favicon.ico'));
      expect({ ...deeds, requests }).toEqual({ requests: [from], said: [], dialogs: [] });
      const seen = await page.evaluate(() => ({
        title: document.title,
        scripts: document.scripts.length,
        images: document.images.length,
        globals: ['vega', 'view', 'vegaEmbed'].filter((name) => name in window),
      }));
      expect(seen).toEqual({
        title: '</title><script>alert(1)</script>',
        scripts: 7,
        images: 0,
        globals: [],
      });
      await page.context().close();
    }
    server.close();
  }, 150_000);

  test('shows each name as the text it is', async () => {
    const { page } = await open(pathToFileURL(file).href);
    const shown = await page.$$eval('#topics .name', (buttons) =>
      buttons.map(({ textContent }) => textContent),
    );
    // HTML makes line feeds of carriage returns; the data keeps them.
    const wanted = [...few, 'not set'].map((name) => name.replace(/\r\n?/g, '\n'));
    expect([...new Set(shown)].sort()).toEqual([...new Set(wanted)].sort());
    await page.context().close();
  }, 60_000);

  test('draws what the database says of any of them, also from a link in a new tab, and gives it as CSV without formulas', async () => {
    const { page } = await open(pathToFileURL(file).href);
    const chosen = [names, fuzzed.slice(0, 20), ['=cmd|"/c calc"!A1', '+1', '@SUM(A1)', '-1', '\t=1']];
    for (const topics of chosen) {
      const period: [number, number] = [noon, noon + 30 * minuteMs];
      const selection = { period, topics, ages: ['18-25'] };
      await page.evaluate(({ topics, ages }) => {
        const choose = (id: string, names: string[]) => {
          (document.querySelector(id) as unknown as { choose(names: string[]): void }).choose(names);
        };
        choose('#topics', topics);
        choose('#ages', ages);
      }, selection);
      expect(inOrder(await readDrawn(page))).toEqual(inOrder(await selectDrawn(db, selection)));
      const { page: other, deeds } = await open(page.url());
      expect(inOrder(await readDrawn(other))).toEqual(inOrder(await selectDrawn(db, selection)));
      expect(deeds.said).toEqual([]);
      await other.context().close();
    }
    const csv = parseCsv(await take(page, '#history', 'csv'));
    const texts = csv.slice(1).map(([, topic = '']) => topic);
    expect(new Set(texts)).toEqual(new Set((chosen[2] ?? []).map((topic) => `'${topic}`)));
    expect(csv.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    await page.context().close();
  }, 120_000);

  test('is still usable: it opens, and a click on a topic is answered, in a moment', async () => {
    const { page } = await open(pathToFileURL(large).href);
    const rows = () =>
      page.evaluate(() => (document.querySelector('#history') as unknown as { data: unknown[] }).data.length);
    expect(await rows()).toBeGreaterThan(many.length);
    await page.click('#topics .name >> nth=3');
    await page.waitForFunction(
      () => (document.querySelector('#history') as unknown as { data: unknown[] }).data.length < 100,
    );
    expect(await page.locator('#topics .name[aria-pressed=true]').count()).toBe(1);
    await page.context().close();
  }, 60_000);
});
