import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { render, writePage } from '../src/render/render.ts';
import { parseTime } from '../src/time.ts';
import { launchBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents, restoreFixture } from './support/log.ts';
import { everything, inOrder, selectDrawn } from './support/selection.ts';
import type { Drawn, Selection } from './support/selection.ts';

let db: Database;
let browser: Browser;
let page: Page;
let file: string;
let said: string[];
let requests: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  db = await newDatabase('server');
  await restoreFixture(db);
  const day = { start: parseTime('2019-09-24'), end: parseTime('2019-09-25') };
  await aggregate(db, [day], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  file = join(temporaryFolder(), 'zen.html');
  await writePage(file, (await render(db, { locale: 'ru' })).html);
});

afterAll(async () => {
  await browser.close();
  await db.close();
});

beforeEach(async () => {
  page = await open(file);
});

afterEach(async () => {
  expect(said).toEqual([]);
  expect(requests).toEqual([pathToFileURL(file).href]);
  await page.close();
});

async function open(path: string, size = { width: 1440, height: 900 }): Promise<Page> {
  const opened = await browser.newPage({ viewport: size });
  [said, requests] = [[], []];
  opened.on('console', (message) => said.push(message.text()));
  opened.on('pageerror', (error) => said.push(error.message));
  opened.on('request', (request) => requests.push(request.url()));
  await opened.goto(pathToFileURL(path).href);
  await opened.waitForSelector('html[data-zen=ready]');
  return opened;
}

/** What the charts draw, once they have taken in all that was chosen. */
async function drawn(): Promise<Drawn> {
  return page.evaluate(async () => {
    const panel = async (id: string) => {
      const element = document.querySelector(id) as unknown as {
        data: never[];
        view: { runAsync(): Promise<unknown> };
      };
      await element.view.runAsync();
      return element.data;
    };
    return {
      history: await panel('#history'),
      sources: await panel('#sources'),
      funnel: await panel('#funnel'),
    };
  });
}

async function values(): Promise<Selection> {
  return page.evaluate(() => {
    const value = (id: string) => (document.querySelector(id) as unknown as { value: never }).value;
    return { period: value('#period'), topics: value('#topics'), ages: value('#ages') };
  });
}

async function expectDrawn(selection: Selection): Promise<void> {
  expect(inOrder(await drawn())).toEqual(inOrder(await selectDrawn(db, selection)));
}

const minutes = (start: string, end: string): [number, number] => [
  parseTime(`2019-09-24 ${start}`),
  parseTime(`2019-09-24 ${end}`),
];

describe('the page', () => {
  test('draws all there is, and its panels stand in the order of the brief', async () => {
    await expectDrawn(everything);
    expect(await values()).toEqual(everything);
    const ids = await page.$$eval('zen-chart', (panels) => panels.map(({ id }) => id));
    expect(ids).toEqual(['history', 'sources', 'funnel']);
  });

  test('gives the history at least half of the dashboard', async () => {
    for (const [width, height] of [
      [1280, 720],
      [1440, 900],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height });
      const share = await page.evaluate(() => {
        const area = (selector: string) => {
          const { width, height } =
            document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
          return width * height;
        };
        return area('#history') / area('body');
      });
      expect(share).toBeGreaterThan(0.5);
    }
  });

  test('filters all three charts by topics, age and period, chosen with the mouse and the keyboard', async () => {
    await page.click('#topics button:text-is("Наука")');
    await page.click('#topics button:text-is("Россия")');
    await expectDrawn({ ...everything, topics: ['Наука', 'Россия'] });
    await page.focus('#ages button:text-is("26-30")');
    await page.keyboard.press('Enter');
    await page.fill('#period input >> nth=0', '2019-09-24T18:54');
    await page.fill('#period input >> nth=1', '2019-09-24T18:58');
    const selection: Selection = {
      period: minutes('18:54', '18:58'),
      topics: ['Наука', 'Россия'],
      ages: ['26-30'],
    };
    expect(await values()).toEqual(selection);
    await expectDrawn(selection);
    await page.click('#topics button:text-is("Наука")');
    await expectDrawn({ ...selection, topics: ['Россия'] });
    await page.click('#reset');
    expect(await values()).toEqual(everything);
    await expectDrawn(everything);
  });

  test('follows values that a script sets, and tells of those that a person chooses', async () => {
    const heard = await page.evaluate(() => {
      const heard: string[] = [];
      for (const id of ['period', 'topics', 'ages']) {
        for (const type of ['input', 'change']) {
          document.querySelector(`#${id}`)?.addEventListener(type, () => heard.push(`${id} ${type}`));
        }
      }
      Object.assign(globalThis, { heard });
      const set = (id: string, value: unknown) => Object.assign(document.querySelector(id) ?? {}, { value });
      set('#topics', ['Дети', 'Шоу']);
      set('#topics', ['Дети', 'Шоу']);
      set('#ages', ['45+']);
      set('#period', [Date.UTC(2019, 8, 24, 18, 55), Date.UTC(2019, 8, 24, 18, 56)]);
      return heard;
    });
    expect(heard).toEqual(['topics input', 'ages input', 'period input']);
    await expectDrawn({ period: minutes('18:55', '18:56'), topics: ['Дети', 'Шоу'], ages: ['45+'] });
    await page.click('#ages button:text-is("45+")');
    expect(await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard.slice(3))).toEqual([
      'ages input',
      'ages change',
    ]);
    await expectDrawn({ period: minutes('18:55', '18:56'), topics: ['Дети', 'Шоу'], ages: null });
  });

  test('looks closer where the history is brushed, and comes back', async () => {
    const place = await page.locator('#history .view').boundingBox();
    if (!place) throw new Error('The history has no place.');
    const y = place.y + place.height / 2;
    await page.mouse.move(place.x + place.width * 0.85, y);
    await page.mouse.down();
    await page.mouse.move(place.x + place.width * 0.95, y, { steps: 5 });
    await page.mouse.up();
    const { period } = await values();
    expect(period?.map((ms) => ms % 60_000)).toEqual([0, 0]);
    expect(period?.[0]).toBeGreaterThanOrEqual(minutes('18:53', '19:00')[0]);
    await expectDrawn({ ...everything, period });
    await page.click('#reset');
    await expectDrawn(everything);
  });

  test('says when a selection holds nothing, and keeps to a period that runs backwards not at all', async () => {
    await page.fill('#period input >> nth=1', '2019-09-24T18:52');
    await page.fill('#period input >> nth=0', '2019-09-24T18:40');
    await expectDrawn({ ...everything, period: minutes('18:40', '18:52') });
    expect(await page.isVisible('#history .empty')).toBe(true);
    await page.fill('#period input >> nth=0', '2019-09-24T18:53');
    expect((await values()).period).toEqual(minutes('18:40', '18:52'));
    await page.click('#reset');
    expect(await page.isVisible('#history .empty')).toBe(false);
  });
});

test('topics of any letters are shown as they are, and can be chosen', async () => {
  const topics = [
    '</script>',
    '{{x}}',
    '$&',
    '__proto__',
    'constructor',
    'datum.x',
    `'"`,
    '\u202eлевша',
    '🐸',
    '<b>',
    'é',
    'e\u0301',
  ];
  const other = await newDatabase('server');
  const event = { user_id: 1, age_segment: '<45', event: 'show' };
  const noon = parseTime('2026-11-22 12:00');
  await insertEvents(
    other,
    topics.map((item_topic, index) => ({
      ...event,
      ts: noon + index * 60_000,
      item_topic,
      source_topic: item_topic,
    })),
  );
  await aggregate(other, [{ start: noon, end: noon + 3_600_000 }], {
    minute: 'floor',
    dryRun: false,
    jobs: 1,
    wait: 0,
  });
  file = join(temporaryFolder(), 'hostile.html');
  await writePage(file, (await render(other, { locale: 'en', title: '</title><b>' })).html);
  await page.close();
  page = await open(file);
  const shown = await page.$$eval('#topics button', (buttons) =>
    buttons.slice(1).map(({ textContent }) => textContent),
  );
  expect(shown.sort()).toEqual([...topics].sort());
  expect(await page.title()).toBe('</title><b>');
  const fills = (selector: string) =>
    page.$$eval(selector, (marks) => marks.map((mark) => mark.getAttribute('fill')));
  for (const marks of ['#history .mark-area path', '#sources .mark-arc path']) {
    expect(new Set(await fills(marks)).size).toBe(topics.length);
  }
  for (const topic of topics) {
    await page.evaluate(
      (value) => Object.assign(document.querySelector('#topics') ?? {}, { value }),
      [topic],
    );
    const rows = await drawn();
    expect(rows.history.map(({ item_topic, visits }) => [item_topic, visits])).toEqual([[topic, 1]]);
    expect(rows.sources).toEqual([{ source_topic: topic, visits: 1, share: 1 }]);
  }
  await other.close();
});
