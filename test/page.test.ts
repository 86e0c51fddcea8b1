import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buffer } from 'node:stream/consumers';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { between, mulberry32, shuffle } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { writePage } from '../src/output.ts';
import { parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { cases } from './support/cases.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents, restoreFixture } from './support/log.ts';
import { everything, inOrder, readDrawn, selectDrawn } from './support/selection.ts';
import type { Selection } from './support/selection.ts';
import { render } from './support/page.ts';

interface Violation {
  id: string;
  nodes: { html: string }[];
}

let db: Database;
let browser: Browser;
let page: Page;
let file: string;
let said: string[];
let requests: string[];

beforeAll(async () => {
  browser = await openBrowser();
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

/** The tests that open another page, or in another way. */
const others = /^(by touch|at .*, names of any length|many long names|topics of any letters)/;

beforeEach(async () => {
  if (!others.test(expect.getState().currentTestName ?? '')) page = await open(file);
});

afterEach(async () => {
  expect(said).toEqual([]);
  expect(requests).toEqual([pathToFileURL(file).href]);
  await page.close();
});

async function open(
  path: string,
  options: BrowserContextOptions = { viewport: { width: 1440, height: 900 } },
): Promise<Page> {
  const opened = await browser.newPage(options);
  [said, requests] = [[], []];
  opened.on('console', (message) => said.push(message.text()));
  opened.on('pageerror', (error) => said.push(error.message));
  opened.on('request', (request) => requests.push(request.url()));
  await opened.goto(pathToFileURL(path).href);
  await opened.waitForSelector('html[data-zen=ready]');
  return opened;
}

async function values(): Promise<Selection> {
  return page.evaluate(() => {
    const value = (id: string) => (document.querySelector(id) as unknown as { value: never }).value;
    return { period: value('#period'), topics: value('#topics'), ages: value('#ages') };
  });
}

async function expectDrawn(selection: Selection): Promise<void> {
  expect(inOrder(await readDrawn(page))).toEqual(inOrder(await selectDrawn(db, selection)));
}

/** Writes into a field of the period, 0 or 1, as a person does. */
async function type(field: 0 | 1, text: string): Promise<void> {
  await page.fill(`#period input >> nth=${field}`, text);
  await page.keyboard.press('Enter');
}

/** Reads what is said of a field of the period, by what describes it to a screen reader. */
async function faultOf(field: 0 | 1): Promise<string> {
  return page.$eval(`#period input >> nth=${field}`, (input) => {
    const said = document.getElementById(input.getAttribute('aria-describedby') ?? '');
    return input.getAttribute('aria-invalid') === 'true' ? (said?.textContent ?? '') : '';
  });
}

const minutes = (start: string, end: string): [number, number] => [
  parseTime(`2019-09-24 ${start}`),
  parseTime(`2019-09-24 ${end}`),
];

describe('the page', () => {
  test('draws all there is, and its panels stand in the order of the brief', async () => {
    await expectDrawn(everything);
    expect(await values()).toEqual(everything);
    const ids = await page.$$eval('zen-chart:not([hidden])', (panels) => panels.map(({ id }) => id));
    expect(ids).toEqual(['history', 'sources', 'funnel']);
  });

  test('opens with the largest seven topics and the one that moved most in colour, and the other 17 in one', async () => {
    const fills = await page.$$eval('#history .mark-area path', (areas) =>
      areas.map((area) => area.getAttribute('fill')),
    );
    const counts = [...new Set(fills)].map((fill) => fills.filter((other) => other === fill).length);
    expect(counts.sort((a, b) => a - b)).toEqual([...Array<number>(8).fill(1), 17]);
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

  test('draws its charts as high as the words around them leave room for, also when these change', async () => {
    const readRooms = () =>
      page.$$eval('zen-chart:not([hidden]) .view', (views) =>
        views.map((view) => [view.clientHeight, view.querySelector('svg')?.clientHeight]),
      );
    const isFilled = () =>
      page.waitForFunction(() =>
        [...document.querySelectorAll('zen-chart:not([hidden]) .view')].every(
          (view) => view.clientHeight === view.querySelector('svg')?.clientHeight,
        ),
      );
    await isFilled();
    const before = await readRooms();
    await page.$eval('#summary', (summary) => {
      summary.append(' and so on'.repeat(50));
    });
    await isFilled();
    for (const [index, [room = 0]] of (await readRooms()).entries())
      expect(room).toBeLessThan(before[index]?.[0] ?? 0);
  });

  test('filters all three charts by topics, age and period, chosen with the mouse and the keyboard', async () => {
    await page.click('#topics button:text-is("Наука")');
    await page.click('#topics button:text-is("Россия")');
    await expectDrawn({ ...everything, topics: ['Наука', 'Россия'] });
    await page.focus('#ages button:text-is("26-30")');
    await page.keyboard.press('Enter');
    await type(0, '2019-09-24 18:54');
    await type(1, '2019-09-24 18:58');
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
    await type(1, '2019-09-24 18:52');
    await type(0, '2019-09-24 18:40');
    await expectDrawn({ ...everything, period: minutes('18:40', '18:52') });
    expect(await page.isVisible('#history .empty')).toBe(true);
    await type(0, '2019-09-24 18:53');
    expect((await values()).period).toEqual(minutes('18:40', '18:52'));
    await page.click('#reset');
    expect(await page.isVisible('#history .empty')).toBe(false);
  });
});

/** The text of an element, its spaces plain. */
async function text(selector: string): Promise<string> {
  return (await page.locator(selector).innerText()).replace(/\s/g, ' ');
}

/** Waits until an element says so. */
async function expectText(selector: string, wanted: RegExp): Promise<void> {
  await page.waitForFunction(
    ([selector, source]) =>
      new RegExp(source ?? '').test(
        (document.querySelector(selector ?? '')?.textContent ?? '').replace(/\s/g, ' '),
      ),
    [selector, wanted.source],
  );
}

describe('what the page says in words', () => {
  test('follows the filters: the line of what is shown, the headline, what each chart finds', async () => {
    const [peak] = await db.query<{ events: number; time: string }>(
      `select sum(visits)::int as events, to_char(dt, 'HH24:MI') as time from dash_visits
       where age_segment = '45+' group by dt order by 1 desc limit 1`,
    );
    const [total] = await db.query<{ all: number }>(
      "select sum(visits)::int as all from dash_visits where age_segment = '45+'",
    );
    await page.click('#ages button:text-is("45+")');
    await expectText('#summary', /^24 сентября 2019 г\., 18:27–19:01 UTC · все темы · возраст: 45\+$/);
    const number = (value: number) => value.toLocaleString('ru').replace(/\s/g, ' ');
    await expectText('[data-word=events]', new RegExp(`^${number(total?.all ?? 0)}$`));
    expect(await text('[data-word=peak]')).toBe(`${number(peak?.events ?? 0)} — ${peak?.time ?? ''}`);
    expect(await text('#history .finding')).toMatch(
      /^Из 25 тем больше всего у темы «.+»: [\d ]+ (событие|события|событий), [\d,]+ %\.$/,
    );
    expect(await text('#sources .finding')).toMatch(/^[^,]+, .+ и .+ дают /);
    expect(await text('#funnel .finding')).toMatch(/^Кликов — \d+,\d % от показов, /);
  });

  test('a table of each chart opens, and follows the filters', async () => {
    await page.click('#sources summary');
    const cells = () =>
      page.$$eval('#sources tbody td:first-child', (cells) => cells.map((cell) => cell.textContent));
    const { sources } = await readDrawn(page);
    expect(await cells()).toHaveLength(sources.length);
    await page.click('#topics button:text-is("Наука")');
    await expectText('#history .finding', /^Только «Наука»/);
    const wanted = await selectDrawn(db, { ...everything, topics: ['Наука'] });
    expect((await cells()).toSorted()).toEqual(
      wanted.sources.map(({ source_topic }) => source_topic).toSorted(),
    );
  });

  test('tells that all events of the log are in it, that the log was silent for a quarter of an hour, and how old it is', async () => {
    expect(await text('#facts')).toMatch(/^В файле 322 391 событие, все, что есть в логе\.$/);
    expect(await text('#freshness')).toMatch(
      /^Данные по 24 сент\., 19:01 UTC, обновлены .+ UTC \((только что|.+ назад)\)\s*Подозрительная тишина: 24 сентября 2019 г\., 18:36–18:52 UTC\.$/,
    );
    expect(await page.isVisible('#notice')).toBe(false);
    await page.clock.install({ time: Date.now() + 3 * 86_400_000 });
    await page.reload();
    await page.waitForSelector('html[data-zen=ready]');
    expect(await text('#notice')).toBe(
      'Страница устарела: её числа получены 3 дня назад, а обновляются они каждый день.',
    );
    requests.length = 1;
  });
});

/** The topics of the table with their events, as they stand. */
async function readEvents(): Promise<string[][]> {
  return page.$$eval('#topics .option', (rows) =>
    rows.map((row) =>
      ['.name', '[data-field=events]'].map((cell, at) => {
        const text = row.querySelector(cell)?.textContent ?? '';
        return at === 0 ? text : text.replace(/\D/g, '');
      }),
    ),
  );
}

describe('a link', () => {
  test('holds the state of the filters, and the way back', async () => {
    await page.click('#ages button:text-is("45+")');
    await page.click('#topics button:text-is("Наука")');
    await type(0, '2019-09-24 18:53');
    const hash = await page.evaluate(() => location.hash);
    expect(decodeURIComponent(hash)).toBe('#from=2019-09-24T18:53&to=2019-09-24T19:01&topics=Наука&ages=45+');
    const selection = await values();
    await page.goBack();
    expect(await values()).toEqual({ ...selection, period: null });
    await page.goBack();
    await page.goBack();
    expect(await values()).toEqual(everything);
    await page.goto(`${pathToFileURL(file).href}${hash}`);
    expect(await values()).toEqual(selection);
    await expectDrawn(selection);
    requests.length = 1;
  });

  test('is followed by a page that is opened with it', async () => {
    const { topics, ages, period } = { topics: ['Наука'], ages: ['45+'], period: minutes('18:53', '18:58') };
    await page.goto('about:blank');
    await page.goto(
      `${pathToFileURL(file).href}#from=2019-09-24T18:53&to=2019-09-24T18:58&topics=Наука&ages=45%2B`,
    );
    await page.waitForSelector('html[data-zen=ready]');
    expect(await values()).toEqual({ period, topics, ages });
    await expectDrawn({ period, topics, ages });
    await expectText('#history .finding', /^Только «Наука»/);
    requests.length = 1;
  });

  test('to names that the file does not have says so, and keeps the others', async () => {
    await page.goto(`${pathToFileURL(file).href}#topics=Наука,Цирк&ages=99`);
    expect(await values()).toEqual({ ...everything, topics: ['Наука'] });
    expect(await text('#notice')).toBe('Нет в этом файле: 2 названия из ссылки.');
    await page.goto(`${pathToFileURL(file).href}#chapter=2&utm_source=mail`);
    expect(await page.locator('#notice').isVisible()).toBe(false);
    await page.goto(`${pathToFileURL(file).href}#from=x&to=&topics=%E0%A4%A`);
    expect(await values()).toEqual(everything);
    requests.length = 1;
  });
});

describe('by touch', () => {
  beforeEach(async () => {
    page = await open(file, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });
  });

  /** Draws a finger over the middle of the history, from one share of its width to another. */
  async function swipe(from: number, to: number, down = 0): Promise<void> {
    await page.locator('#history .view').scrollIntoViewIfNeeded();
    const place = await page.locator('#history .view').boundingBox();
    if (!place) throw new Error('The history has no place.');
    const cdp = await page.context().newCDPSession(page);
    for (let step = 0; step <= 8; step++) {
      const x = place.x + place.width * (from + ((to - from) * step) / 8);
      const y = place.y + place.height / 2 + (down * step) / 8;
      const type = step === 0 ? 'touchStart' : 'touchMove';
      await cdp.send('Input.dispatchTouchEvent', { type, touchPoints: [{ x, y }] });
    }
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await page.waitForFunction(isStill); // a touch while the page still scrolls belongs to the scrolling
  }

  /** Tells whether the page has kept its place for some frames. */
  async function isStill(): Promise<boolean> {
    const before = window.scrollY;
    for (let frame = 0; frame < 6; frame++) await new Promise(requestAnimationFrame);
    return window.scrollY === before;
  }

  test('the first chart is within the first screen, below a line that opens the filters, and stays', async () => {
    const readBox = (selector: string) =>
      page.$eval(selector, (element) => element.getBoundingClientRect().toJSON() as DOMRect);
    const plot = await readBox('#history .view');
    expect(plot.height).toBeGreaterThan(240);
    expect(plot.bottom).toBeLessThan(844);
    await page.locator('footer').scrollIntoViewIfNeeded();
    expect((await readBox('.filters')).top).toBe(0);
    expect(await text('#summary')).toBe('24 сентября 2019 г., 18:27–19:01 UTC · все темы · все возрасты');
    await page.tap('#filters');
    const sheet = await readBox('#controls');
    expect([sheet.left, sheet.right]).toEqual([0, 390]);
    const cut = await page.$$eval('#controls :is(button, input, select)', (all) =>
      all.filter((one) => one.getBoundingClientRect().right > 390).map(({ outerHTML }) => outerHTML),
    );
    expect(cut).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#controls')).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('filters');
  });

  test('all that is tapped is at least 44 px high and wide, and no field makes a phone zoom', async () => {
    await page.tap('#filters');
    const small = await page.$$eval('button, select, input, summary', (all) =>
      all
        .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect(), element] as const)
        .filter(
          ([, { width, height }, element]) =>
            height > 0 && !element.closest('p') && Math.min(width, height) < 44,
        )
        .map(([html, { width, height }]) => [html, width, height]),
    );
    expect(small).toEqual([]);
    const letters = await page.$$eval('select, input', (all) =>
      all.map((one) => parseFloat(getComputedStyle(one).fontSize)),
    );
    expect(letters.length).toBeGreaterThan(3);
    expect(Math.min(...letters)).toBeGreaterThanOrEqual(16);
  });

  test('a tap on a mark shows what it says, a second one isolates its age', async () => {
    await page.tap('[data-show=funnel_ages]');
    const mark = page.locator('#funnel_ages .mark-symbol path[aria-label]').first();
    await mark.tap({ force: true }); // the line of its interval lies over it
    await page.waitForSelector('#vg-tooltip-element.visible');
    expect((await values()).ages).toBeNull();
    await mark.tap({ force: true });
    expect((await values()).ages).toHaveLength(1);
    await page.tap('h1');
    await page.waitForSelector('#vg-tooltip-element.visible', { state: 'detached' });
  });

  test('names are chosen by taps, one alone by a tap on its "only"', async () => {
    await page.tap('#topics button:text-is("Наука")');
    await page.tap('#topics button:text-is("Россия")');
    await page.tap('#filters');
    await page.tap('#ages button:text-is("45+")');
    await expectDrawn({ ...everything, topics: ['Наука', 'Россия'], ages: ['45+'] });
    await page.tap('h1');
    expect(await page.isVisible('#ages')).toBe(false);
    await page.tap('#topics .option:has-text("Шоу") .only');
    await expectDrawn({ ...everything, topics: ['Шоу'], ages: ['45+'] });
    await page.tap('#filters');
    await page.tap('#reset');
    await expectDrawn(everything);
  });

  test('a finger drawn sideways over the history brushes it, one drawn down does not', async () => {
    await swipe(0.5, 0.55, -200);
    await page.tap('#topics button:text-is("Наука")');
    await page.tap('#topics .all');
    expect(await values()).toEqual(everything);
    await swipe(0.6, 0.9);
    const { period } = await values();
    expect(period?.[0]).toBeGreaterThanOrEqual(minutes('18:40', '19:00')[0]);
    expect(period?.[1]).toBeLessThanOrEqual(minutes('18:40', '19:00')[1]);
    await expectDrawn({ ...everything, period });
  });

  test('a tap on the history tells of its moment, a second one isolates the topic there, and two more let all in again', async () => {
    const tap = async () => {
      await page.locator('#history .view').scrollIntoViewIfNeeded(); // a tap outside of the window meets nothing
      const box = await page
        .locator('#history .mark-area path, #history .mark-line path[stroke^="#"]')
        .first()
        .boundingBox();
      await page.touchscreen.tap(
        (box?.x ?? 0) + (box?.width ?? 0) - 25,
        (box?.y ?? 0) + (box?.height ?? 0) - 3,
      );
    };
    await tap();
    expect(await page.isVisible('.moment')).toBe(true);
    await expectDrawn(everything);
    await tap();
    const { topics } = await values();
    expect(topics).toHaveLength(1);
    await expectDrawn({ ...everything, topics });
    await tap();
    await tap();
    await expectDrawn(everything);
  });
});

describe('the controls', () => {
  test('let all topics in again, or all but those that are chosen', async () => {
    const names = await page.$$eval('#topics .name', (all) => all.map(({ textContent }) => textContent));
    const state = () => text('#topics .state');
    expect(await state()).toBe('Все темы');
    expect(await page.getAttribute('#topics .invert', 'aria-disabled')).toBe('true');
    await page.click('#topics button:text-is("Наука")');
    await page.click('#topics .invert');
    await expectDrawn({ ...everything, topics: names.filter((name) => name !== 'Наука') });
    expect(await state()).toBe('24 из 25');
    await page.click('#topics button:text-is("Наука")');
    expect(await values()).toEqual(everything);
    expect(await page.getAttribute('#topics .all', 'aria-pressed')).toBe('true');
    await page.click('#topics button:text-is("Шоу")');
    await expectDrawn({ ...everything, topics: ['Шоу'] });
    await page.click('#topics .all');
    expect(await values()).toEqual(everything);
  });

  test('say in one line what is chosen, and each part of it takes its filter away', async () => {
    expect(await page.getAttribute('#reset', 'aria-disabled')).toBe('true');
    await page.click('#topics button:text-is("Наука")');
    await page.click('#topics button:text-is("Дети")');
    await page.click('#ages button:text-is("45+")');
    const chips = page.locator('#summary .chip');
    await chips.nth(1).waitFor();
    expect(await chips.allTextContents()).toEqual(['темы: Наука, Дети', 'возраст: 45+']);
    expect(await page.getAttribute('#reset', 'aria-disabled')).toBe('false');
    await chips.first().click();
    await expectDrawn({ ...everything, ages: ['45+'] });
    await page.goBack();
    await expectDrawn({ ...everything, topics: ['Наука', 'Дети'], ages: ['45+'] });
    await page.keyboard.press('Escape');
    await expectDrawn(everything);
    await page.goBack(); // one step for all that Escape cleared
    await expectDrawn({ ...everything, topics: ['Наука', 'Дети'], ages: ['45+'] });
    await page.goForward();
    await expectDrawn(everything);
    requests.length = 1;
  });

  test('a double click on a topic is one step of the history', async () => {
    const before = await page.evaluate(() => history.length);
    await page.dblclick('#topics button:text-is("Шоу")');
    await expectDrawn({ ...everything, topics: ['Шоу'] });
    expect(await page.evaluate(() => history.length)).toBe(before + 1);
    await page.goBack();
    await expectDrawn(everything);
    requests.length = 1;
  });

  test('start anew from all ages, for whom there is no "none"', async () => {
    await page.click('#ages button:text-is("18-25")');
    await page.click('#ages .all');
    expect(await values()).toEqual(everything);
    await page.click('#ages button:text-is("45+")');
    await expectDrawn({ ...everything, ages: ['45+'] });
  });

  test('show how many events each topic has', async () => {
    const counts = await readEvents();
    const wanted = await db.query<{ item_topic: string; events: string }>(
      'select item_topic, sum(visits)::text as events from dash_visits group by 1 order by sum(visits) desc',
    );
    expect(counts).toEqual(wanted.map(({ item_topic, events }) => [item_topic, events]));
  });

  test('show the events of each topic in the period and the ages that are chosen, on paper and after a choice of topics too', async () => {
    const [start, end] = [parseTime('2019-09-24 18:55'), parseTime('2019-09-24 18:56')];
    await page.evaluate(
      ([period, ages]) => {
        for (const [id, value] of [['#period', period] as const, ['#ages', ages] as const])
          (document.querySelector(id) as unknown as { choose(value: unknown): void }).choose(value);
      },
      [[start, end], ['18-25']] as const,
    );
    const wanted = await db.query<{ item_topic: string; events: string }>(
      `select item_topic, coalesce(sum(visits) filter (where dt = '2019-09-24 18:55' and age_segment = '18-25'), 0)::text as events
      from dash_visits group by 1 order by sum(visits) desc`,
    );
    const numbers = wanted.map(({ item_topic, events }) => [item_topic, events]);
    await page.waitForFunction(
      () => !document.querySelector('#summary')?.textContent.includes('все возрасты'),
    );
    const byName = ([a]: (string | undefined)[], [b]: (string | undefined)[]) =>
      (a ?? '') < (b ?? '') ? -1 : 1;
    expect((await readEvents()).sort(byName)).toEqual(numbers.sort(byName));
    await page.click('#topics .name >> nth=0');
    await page.emulateMedia({ media: 'print' });
    expect((await readEvents()).sort(byName)).toEqual(numbers.sort(byName));
  });

  test('hatch the time in which the log was silent, and name no colour that the pie has not', async () => {
    expect(await page.locator('#history .silences_marks path').count()).toBe(1);
    const fill = await page
      .locator('#history .silences_marks path')
      .evaluate((path) => getComputedStyle(path).fill);
    expect(fill).toBe('url("#hatch")');
    const colors = (marks: string) =>
      page.locator(marks).evaluateAll((all) => all.map((mark) => mark.getAttribute('fill')));
    const pie = await colors('#sources .mark-arc path');
    const key = await colors('#sources .mark-symbol path');
    expect(key.length).toBeGreaterThan(3);
    expect(key.filter((color) => !pie.includes(color))).toEqual([]);
  });

  test('are walked by arrow keys, to "only this one" too', async () => {
    await page.focus('#topics input');
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent,
      );
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
      return focused();
    };
    expect(await press('Tab')).toBe('Все');
    const steps = Array.from({ length: 5 }, () => 'ArrowRight'); // past “none”, “small charts” and the headers of three columns
    expect(await press(...steps, 'ArrowRight')).toBe('Наука');
    expect(await press('Enter', 'ArrowDown')).toBe('Отношения');
    await page.keyboard.press('Space');
    await expectDrawn({ ...everything, topics: ['Наука', 'Отношения'] });
    expect(await press('ArrowRight')).toBe('только Отношения');
    expect(await press('Enter')).toBe('Отношения');
    await expectDrawn({ ...everything, topics: ['Отношения'] });
    expect(await press('End')).toBe('только Знаменитости');
    expect(await press('ArrowRight', 'ArrowLeft', 'ArrowLeft')).toBe('Знаменитости');
    expect(await press('Home', 'Shift+Tab', 'Tab')).toBe('Все');
  });

  test('find a topic by part of its name, and choose what was found with Enter', async () => {
    await page.fill('#topics input', 'пси');
    const shown = () =>
      page.$$eval('#topics .option:not([hidden]) .name', (all) => all.map((name) => name.textContent));
    expect(await shown()).toEqual(['Психология', 'Женская психология']);
    await page.press('#topics input', 'Enter');
    await expectDrawn({ ...everything, topics: ['Психология', 'Женская психология'] });
  });

  test('isolate a topic by a double click, or by a second click on its area, and let all in again', async () => {
    await page.click('#topics button:text-is("Россия")');
    await page.dblclick('#topics button:text-is("Наука")');
    await expectDrawn({ ...everything, topics: ['Наука'] });
    await page.click('#topics button:text-is("Все")');
    await page.locator('#history .view').scrollIntoViewIfNeeded();
    const box = await page.locator('#history .mark-area path').first().boundingBox();
    if (!box) throw new Error('The history has no areas.');
    await page.mouse.dblclick(box.x + box.width - 60, box.y + box.height - 5);
    const { topics } = await values();
    expect(topics).toHaveLength(1);
    await expectDrawn({ ...everything, topics });
  });

  test('pick the last minutes, and say so when the period is another one', async () => {
    const { history } = await readDrawn(page);
    await page.selectOption('#period select', { label: 'Последние 10 минут' });
    await expectDrawn({ ...everything, period: minutes('18:51', '19:01') });
    await type(0, '2019-09-24 18:52');
    expect(await page.$eval('#period select', (select) => (select as HTMLSelectElement).value)).toBe('-1');
    await page.selectOption('#period select', { label: 'Весь период' });
    expect((await readDrawn(page)).history).toHaveLength(history.length);
  });

  test('read and write minutes as the language does, or as ISO 8601, in UTC whatever the clock of the reader', async () => {
    const fields = () =>
      page.$$eval('#period input', (inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    expect(await fields()).toEqual(['24.09.2019 18:27', '24.09.2019 19:01']);
    for (const [field, text, period] of [
      [0, '24.09.2019 18:53', ['18:53', '19:01']],
      [1, '2019-09-24T18:58Z', ['18:53', '18:58']],
      [0, '18:50', ['18:50', '18:58']],
      [1, ' 24.9.2019', ['18:50', '19:01']],
    ] as const) {
      await type(field, text);
      expect((await values()).period).toEqual(minutes(period[0], period[1]));
    }
    await type(0, '24.09.2019');
    expect(await values()).toEqual(everything);
    expect(await fields()).toEqual(['24.09.2019 18:27', '24.09.2019 19:01']);
  });

  test('say in words what is wrong with a period, and keep the one before', async () => {
    await type(0, '18:50');
    for (const [field, text, words] of [
      [0, '31.02.2019 18:53', 'Формат: 24.09.2019 19:01.'],
      [1, 'завтра', 'Формат: 24.09.2019 19:01.'],
      [0, '25:00', 'Формат: 24.09.2019 19:01.'],
      [0, '19:01', 'Конец должен быть позже начала.'],
      [1, '01.09.2019 10:00', 'Конец должен быть позже начала.'],
      [1, '25.09.2019 10:00', ''],
    ] as const) {
      await type(field, text);
      expect(await faultOf(field)).toBe(words);
      await page.keyboard.press('Escape');
      expect((await values()).period).toEqual(minutes('18:50', '19:01'));
    }
    await type(0, '25.09.2019 10:00');
    await type(1, '26.09.2019');
    expect(await faultOf(1)).toMatch(/^В этом файле — 24 сентября 2019 г\., 18:27–19:01 UTC\.$/);
  });

  test('step the part of a time in which the caret stands with the arrow keys', async () => {
    await type(0, '24.09.2019 18:53');
    const caret = (at: number) =>
      page.$eval(
        '#period input',
        (input, at) => {
          (input as HTMLInputElement).setSelectionRange(at, at);
        },
        at,
      );
    await caret(16);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect((await values()).period).toEqual(minutes('18:55', '19:01'));
    await caret(12);
    await page.keyboard.press('ArrowDown');
    expect(await values()).toEqual(everything);
    await type(0, '24.09.2019 18:53');
    await caret(12);
    await page.keyboard.press('ArrowUp');
    expect(await faultOf(0)).toBe('Конец должен быть позже начала.');
  });

  test('lead back from an empty selection', async () => {
    await type(1, '2019-09-24 18:52');
    await type(0, '2019-09-24 18:40');
    await page.click('#history [data-undo]');
    await expectDrawn(everything);
  });
});

test('a screen reader hears of each slice and bar its name and figures, in the language of the page', async () => {
  const labels = (marks: string) =>
    page.$$eval(marks, (all) =>
      all.map((mark) => mark.getAttribute('aria-label')?.replace(/\s/g, ' ')).sort(),
    );
  const percent = (share: number) => `${(share * 100).toFixed(1).replace('.', ',')} %`;
  const { sources, funnel } = await selectDrawn(db, everything);
  expect(await labels('#sources .mark-arc path')).toEqual(
    sources.map(({ source_topic, share }) => `${source_topic ?? ''}: ${percent(Number(share))}`).sort(),
  );
  const bars = await labels('#funnel .mark-rect path[aria-label]');
  const users = (event: string) => Number(funnel.find((row) => row.event === event)?.users);
  const number = (value: number) => value.toLocaleString('ru').replace(/\s/g, ' ');
  expect(bars).toEqual([
    `Клики: ${percent(users('click') / users('show'))} · ${number(users('click'))}`,
    `Показы: 100,0 % · ${number(users('show'))}`,
    `Просмотры: ${percent(users('view') / users('show'))} · ${number(users('view'))}, ${percent(users('view') / users('click'))} от кликов`,
  ]);
  expect(await labels('.view [aria-label*="axis"]')).toEqual([]);
});

test('a chart can be taken away as CSV, PNG and SVG', async () => {
  await page.click('#ages button:text-is("18-25")');
  await page.evaluate(() => {
    const revoked: string[] = [];
    URL.revokeObjectURL = (url) => revoked.push(url);
    Object.assign(globalThis, { revoked });
  });
  const take = async (format: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`#sources [data-take=${format}]`),
    ]);
    expect(download.suggestedFilename()).toBe(`zen-sources.${format}`);
    return buffer(await download.createReadStream());
  };
  const [head, ...lines] = (await take('csv')).toString('utf8').trimEnd().split('\r\n');
  expect(head).toBe('\uFEFF"Тема источника";"События";"Доля"');
  const { sources } = await selectDrawn(db, { ...everything, ages: ['18-25'] });
  expect(lines.map((line) => line.split(';').slice(0, 2).join(';')).toSorted()).toEqual(
    sources.map(({ source_topic, visits }) => `"${source_topic}";${visits}`).toSorted(),
  );
  expect((await take('png')).subarray(1, 4).toString()).toBe('PNG');
  expect((await take('svg')).toString()).toMatch(/^<svg [^]*Кино/);
  // A browser may read a file after the click, so that its URL stays.
  expect(await page.evaluate(() => (globalThis as unknown as { revoked: string[] }).revoked)).toEqual([]);
  requests = requests.filter((url) => !url.startsWith('blob:'));
});

test('without JavaScript the page still shows its charts, numbers and tables', async () => {
  const still = await browser.newPage({ javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
  await still.goto(pathToFileURL(file).href);
  expect(await still.locator('[data-word=events]').innerText()).toMatch(/^322\s391$/);
  expect(await still.locator('#history .mark-area path').count()).toBe(25);
  expect(await still.locator('#sources .mark-arc path').count()).toBe(26);
  expect(await still.locator('#topics .name').count()).toBe(25);
  expect(await still.isVisible('.controls')).toBe(false);
  expect(await still.isVisible('.tools')).toBe(false);
  await still.click('#funnel summary');
  expect(await still.locator('#funnel tbody tr').count()).toBe(3);
  await still.close();
});

test.each([
  [1440, 900],
  [1280, 720],
  [390, 844],
])(
  'at %i × %i nothing moves when the live charts take the place of their pictures',
  async (width, height) => {
    const boxes = (of: Page) =>
      of.evaluate(() => {
        const rounded = [
          '.control',
          '.view',
          '.mark-area path',
          '.mark-arc path',
          '.mark-rect path[fill="#2f5fd0"]',
        ];
        return rounded.map((selector) => {
          const all = [...document.querySelectorAll(selector)].map((element) =>
            element.getBoundingClientRect(),
          );
          return [
            Math.min(...all.map(({ left }) => left)),
            Math.min(...all.map(({ top }) => top)),
            Math.max(...all.map(({ right }) => right)),
            Math.max(...all.map(({ bottom }) => bottom)),
          ];
        });
      });
    await page.setViewportSize({ width, height });
    await readDrawn(page);
    const still = await browser.newPage({ viewport: { width, height } });
    await still.addInitScript(() => {
      customElements.define = () => {
        throw new Error('The script of the page stops here.');
      };
    });
    await still.goto(pathToFileURL(file).href);
    const live = (await boxes(page)).flat();
    const moved = (await boxes(still)).flat().map((at, index) => Math.abs(at - (live[index] ?? Infinity)));
    expect(moved).toHaveLength(20);
    expect(Math.max(...moved)).toBeLessThan(2);
    await still.close();
  },
);

describe.each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
  test.each([
    [1440, 900],
    [390, 844],
  ])('axe finds no violation at %i × %i, with a table and the definitions open', async (width, height) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.click('#sources summary');
    await page.click('#definitions summary');
    await page.click('#topics button:text-is("Наука")');
    await expectText('#history .finding', /^Только/);
    if (width < 860) await page.click('#filters');
    await page.click('#share summary');
    await page.focus('#history .view');
    await page.keyboard.press('ArrowRight');
    expect(await page.isVisible('.moment')).toBe(true);
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
      const found = await axe.run();
      return found.violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]);
    });
    expect(violations).toEqual([]);
  });
});

test('in forced colours what is chosen differs from what is not', async () => {
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' }); // or a button changes its colour for a while
  await page.click('#topics button:text-is("Наука")');
  await page.click('#ages button:text-is("45+")');
  const look = (selector: string) =>
    page.$eval(selector, (element) => getComputedStyle(element).backgroundColor);
  for (const [chosen, other] of [
    ['#topics button:text-is("Наука")', '#topics button:text-is("Шоу")'],
    ['#ages button:text-is("45+")', '#ages button:text-is("18-25")'],
    ['[data-show=sources]', '[data-show=matrix]'],
  ] as const)
    expect(await look(chosen)).not.toBe(await look(other));
});

test('at 200 % nothing is wider than the window, and with reduced motion nothing moves', async () => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 640, height: 360 }); // 1280 × 720 at 200 %
  const { scroll, moving } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    moving: [...document.querySelectorAll('button')].filter(
      (button) => parseFloat(getComputedStyle(button).transitionDuration) > 0,
    ).length,
  }));
  expect(scroll).toBeLessThanOrEqual(640);
  expect(moving).toBe(0);
});

test('on a phone nothing is wider than the screen, and the panels stand one below the other', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  const { scroll, tops } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    tops: [...document.querySelectorAll('zen-chart:not([hidden])')].map(
      (panel) => panel.getBoundingClientRect().top,
    ),
  }));
  expect(scroll).toBeLessThanOrEqual(360);
  expect(tops).toEqual(tops.toSorted((a, b) => a - b));
  expect(new Set(tops).size).toBe(3);
});

test('on a wall the plot tells of the time under the pointer, and its letters are large', async () => {
  await page.setViewportSize({ width: 3840, height: 2160 });
  await page.waitForFunction(() =>
    [...document.querySelectorAll('zen-chart:not([hidden]) .view text')].every(
      (text) => parseFloat(getComputedStyle(text).fontSize) >= 16,
    ),
  );
  const place = await page.locator('#history .view').boundingBox();
  const middle = (place?.x ?? 0) + (place?.width ?? 0) / 2;
  await page.mouse.move(middle, 1000);
  const rule = await page.locator('.rule').boundingBox();
  expect(Math.abs((rule?.x ?? 0) - middle)).toBeLessThan(10);
  await page.hover('#sources .mark-arc path >> nth=0');
  const told = await page.locator('#vg-tooltip-element').boundingBox();
  expect((told?.x ?? Infinity) + (told?.width ?? 0)).toBeLessThan(3840);
});

test('names beside the funnel by topics and the matrix are whole after a choice, too', async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.click('#topics button:text-is("Дети")');
  for (const name of ['funnel_topics', 'matrix']) {
    await page.click(`[data-show=${name}]:visible`);
    await page.waitForSelector(`#${name} .role-axis-label`);
  }
  for (let round = 0; round < 3; round++) {
    await page.click('#topics .all');
    await page.waitForFunction(() =>
      ['#funnel_topics', '#matrix'].every((selector) => {
        const place = document.querySelector(`${selector} .view`)?.getBoundingClientRect();
        const names = [...document.querySelectorAll(`${selector} .role-axis-label text`)];
        return (
          place &&
          names.some(({ textContent }) => textContent === 'Наука') &&
          names.every((name) => {
            const { left, right } = name.getBoundingClientRect();
            return left > place.left - 1 && right < place.right + 1;
          })
        );
      }),
    );
    await page.click('#topics button:text-is("Дети")');
  }
});

test('small charts take the place of the plot', async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.click('.expand');
  const [head, topics] = await Promise.all(
    ['#history .head', '#topics'].map((selector) => page.locator(selector).boundingBox()),
  );
  expect((topics?.y ?? Infinity) - (head?.y ?? 0) - (head?.height ?? 0)).toBeLessThan(30);
});

test.each([1280, 1366, 1400, 1440, 1920])(
  'at %i px what resets the filters stands beside the comparison',
  async (width) => {
    await page.setViewportSize({ width, height: 900 });
    await page.$eval('#ages', (ages) => {
      for (const more of ['остальные возрасты', '46+'])
        ages.append(Object.assign(document.createElement('button'), { textContent: more }));
    });
    const [compare, reset] = await Promise.all(
      ['#compare', '#reset'].map((selector) => page.locator(selector).boundingBox()),
    );
    expect(reset?.y).toBe(compare?.y);
    expect(compare?.width).toBeGreaterThan(130);
  },
);

test('of a minute, the time axis has its start and its end', async () => {
  await type(0, '2019-09-24 18:55');
  await type(1, '2019-09-24 18:56');
  await page.waitForFunction(
    () => document.querySelector('#history .role-axis-label')?.textContent === '18:5518:56',
  );
});

test('on paper it is light, and its table goes on to a second sheet', async () => {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  expect(
    await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--ink')),
  ).toBe('#1d2530');
  await page.emulateMedia({ media: null, colorScheme: null });
  const pdf = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString('latin1');
  expect(pdf.match(/\/Type ?\/Page\b/g)).toHaveLength(2);
});

test('on paper charts are drawn for the sheet, with letters of 6 pt and more, and nothing is dead or cut', async () => {
  await page.click('#sources summary');
  const width = (await page.$eval('#history .view svg', (svg) => svg.clientWidth)) || 0;
  const sizes = await page.evaluate(() => {
    dispatchEvent(new Event('beforeprint')); // the layout is the screen's as yet, and Firefox waits for nothing
    return ['#history', '#sources'].map((id) => {
      const svg = document.querySelector(`${id} .view svg`);
      return [Number(svg?.getAttribute('width')), Number(svg?.getAttribute('height'))];
    });
  });
  expect(sizes).toEqual([
    [660, 302],
    [292, 181],
  ]);
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await page.waitForFunction(
    (width) => document.querySelector('#history .view svg')?.clientWidth === width,
    width,
  );
  const a4 = { width: Math.floor(((297 - 24) / 25.4) * 96), height: 688 };
  await page.setViewportSize(a4);
  await page.emulateMedia({ media: 'print' });
  // A medium that is only emulated tells nobody before: the charts follow their rooms.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.view')]
      .filter(({ clientWidth }) => clientWidth > 0)
      .every((room) => Number(room.querySelector('svg')?.getAttribute('width')) === room.clientWidth),
  );
  const found = await page.evaluate((wide) => {
    const shown = (selector: string) =>
      [...document.querySelectorAll<HTMLElement>(selector)].filter(
        (element) => element.getClientRects().length > 0,
      );
    const sizeOf = (element: Element) => {
      const { a = 1 } = element instanceof SVGGraphicsElement ? (element.getScreenCTM() ?? {}) : {};
      return parseFloat(getComputedStyle(element).fontSize) * a;
    };
    const words = shown('h1, h2, p, dt, dd, td, th, .name, svg text').filter(
      ({ textContent }) => textContent !== '',
    );
    return {
      letters: Math.min(...words.map(sizeOf)) / (96 / 72),
      history: (shown('#history .view')[0]?.clientHeight ?? 0) / (96 / 25.4),
      dead: shown('input, select, .controls, .tools, .switch, .take button, #share').length,
      table: shown('#sources .sheet td').length,
      cut: shown('main *').filter((one) => one.getBoundingClientRect().right > wide + 1).length,
    };
  }, a4.width);
  expect(found).toMatchObject({ dead: 0, cut: 0 });
  expect(found.table).toBeGreaterThan(20);
  expect(found.letters).toBeGreaterThanOrEqual(6);
  expect(found.history).toBeGreaterThanOrEqual(60);
});

test('every control can be worked with the keyboard alone', async () => {
  const wanted = [
    'period SELECT',
    'period INPUT',
    'ages BUTTON',
    'reset BUTTON',
    'topics INPUT',
    'topics BUTTON',
    'history SUMMARY',
    'funnel BUTTON',
    'definitions SUMMARY',
  ];
  const reached = new Set<string>();
  for (let presses = 0; presses < 90 && !wanted.every((one) => reached.has(one)); presses++) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(() => {
        const element = document.activeElement;
        return `${element?.closest('[id]')?.id ?? ''} ${element?.tagName ?? ''}`;
      }),
    );
  }
  expect([...reached]).toEqual(expect.arrayContaining(wanted));
});

const selections = cases(200);

test(`${selections} random selections draw what SQL gives`, async () => {
  const random = mulberry32(5);
  const { items, ages } = await page.evaluate(() => {
    const names = (id: string) =>
      [...document.querySelectorAll(`${id} .name`)].map(({ textContent }) => textContent);
    return { items: names('#topics'), ages: names('#ages') };
  });
  const some = (names: string[]) =>
    random() < 0.3 ? null : shuffle(random, names).slice(0, between(random, 1, 5));
  const [start, end] = minutes('18:27', '19:01');
  for (let round = 0; round < selections; round++) {
    const from = start + between(random, 0, 30) * 60_000;
    const selection: Selection = {
      period: random() < 0.3 ? null : [from, Math.min(end, from + between(random, 1, 20) * 60_000)],
      topics: some(items),
      ages: some(ages),
    };
    await page.evaluate((selection) => {
      for (const [id, value] of Object.entries<unknown>({ ...selection })) {
        Object.assign(document.querySelector(`#${id}`) ?? {}, { value });
      }
    }, selection);
    await expectDrawn(selection);
  }
});

const longNames: Partial<Record<'ru' | 'en', Promise<string>>> = {};

/** The file of a page whose names are as long as they may be. */
async function renderLongNames(locale: 'ru' | 'en'): Promise<string> {
  const names = ['W'.repeat(128), 'Красота и здоровье: советы специалистов и врачей', 'Кино'];
  const other = await newDatabase('server');
  const noon = parseTime('2026-11-22 12:00');
  const log = ['show', 'click', 'view'].flatMap((event, at) =>
    names.map((name) => ({
      ...{ ts: noon + at * 60_000, user_id: 1, event },
      ...{ item_topic: name, source_topic: name, age_segment: name },
    })),
  );
  await insertEvents(other, log);
  const options = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 } as const;
  await aggregate(other, [{ start: noon, end: noon + 3_600_000 }], options);
  const path = join(temporaryFolder(), 'long.html');
  await writePage(path, (await render(other, { locale, title: names[0] })).html);
  await other.close();
  return path;
}

test.each([
  [390, 844, 'ru', true],
  [390, 844, 'en', false],
  [768, 1024, 'en', false],
  [1440, 900, 'ru', false],
] as const)(
  'at %i × %i, in %s, names of any length stay in their places, and the page does not scroll sideways',
  async (width, height, locale, hasTouch) => {
    file = await (longNames[locale] ??= renderLongNames(locale));
    page = await open(file, { viewport: { width, height }, hasTouch });
    await page.click('#topics .name >> nth=2');
    if (width < 860) await page.click('#filters');
    await page.click('#ages .name >> nth=1');
    const found = await page.evaluate(() => {
      const screen = document.documentElement.clientWidth;
      const isWide = (element: Element) =>
        element.scrollWidth > screen || element.getBoundingClientRect().right > screen;
      const isCut = (name: Element) => {
        const text = document.createRange();
        text.selectNodeContents(name);
        const [inner, outer] = [text.getBoundingClientRect(), name.getBoundingClientRect()];
        return inner.top < outer.top || inner.bottom > outer.bottom || inner.right > outer.right;
      };
      const all = (selector: string) => [...document.querySelectorAll(selector)];
      return [...all('html, button, p, h1').filter(isWide), ...all('.name').filter(isCut)].map((element) =>
        element.outerHTML.slice(0, 60),
      );
    });
    expect(found).toEqual([]);
  },
);

test('many long names make it long, and neither wide nor its letters large', async () => {
  const other = await newDatabase('server');
  const event = { user_id: 1, age_segment: '<45', ts: parseTime('2026-11-22 12:00') };
  const names = Array.from({ length: 60 }, (_, index) => 'W'.repeat(110) + String(index));
  const log = names.flatMap((name) => ['show', 'show', 'click', 'view'].map((kind) => ({ ...event, event: kind, item_topic: name, source_topic: name }))); // prettier-ignore
  await insertEvents(other, log);
  const hour = { start: event.ts, end: event.ts + 3_600_000 };
  await aggregate(other, [hour], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  file = join(temporaryFolder(), 'long.html');
  await writePage(file, (await render(other, { locale: 'en' })).html);
  page = await open(file, { viewport: { width: 1024, height: 768 } });
  await page.$$eval('details', (all) => {
    for (const one of all) one.open = true;
  });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1024);
  const { outside, texts } = await page.evaluate(() => {
    const texts = [...document.querySelectorAll('#funnel .view text, #sources .view text')];
    const isOutside = (text: Element) => {
      const view = text.closest('.view')?.getBoundingClientRect() ?? new DOMRect();
      return text.getBoundingClientRect().right > view.right + 1;
    };
    return { outside: texts.filter(isOutside).map(({ textContent }) => textContent), texts: texts.length };
  });
  expect(texts).toBeGreaterThan(6);
  expect(outside).toEqual([]);
  await other.close();
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
  page = await open(file);
  const shown = await page.$$eval('#topics .name', (names) => names.map(({ textContent }) => textContent));
  expect(shown.sort()).toEqual([...topics].sort());
  expect(await page.title()).toBe('</title><b>');
  const fills = (selector: string) =>
    page.$$eval(selector, (marks) => marks.map((mark) => mark.getAttribute('fill')));
  expect(new Set(await fills('#sources .mark-arc path')).size).toBe(topics.length);
  expect(await fills('#history .mark-area path')).toHaveLength(topics.length);
  for (const topic of topics) {
    await page.evaluate(
      (value) => Object.assign(document.querySelector('#topics') ?? {}, { value }),
      [topic],
    );
    const rows = await readDrawn(page);
    expect(rows.history.map(({ item_topic, visits }) => [item_topic, visits])).toEqual([[topic, 1]]);
    expect(rows.sources).toEqual([{ source_topic: topic, visits: 1, share: 1 }]);
  }
  await other.close();
});
