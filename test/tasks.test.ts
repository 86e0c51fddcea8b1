import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buffer } from 'node:stream/consumers';
import { writeFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { strFromU8, unzipSync } from 'fflate';
import type { Browser, Page } from 'playwright-core';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { writePage } from '../src/output.ts';
import { dayMs, hourMs, minuteMs, parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { first, hole, inventDays, spike, topics } from './support/three-days.ts';
import { render, verify } from './support/page.ts';

/** The tasks of a content manager, each begun on the page of three days as it opens, in so many steps at most. */
const most = { mouse: 3, finger: 4 };

let db: Database;
let browser: Browser;
let page: Page;
let file: string;
let pointer: keyof typeof most = 'mouse';
let steps: number;
let said: string[];

beforeAll(async () => {
  browser = await openBrowser();
  db = await newDatabase('server');
  await insertEvents(db, inventDays());
  const days = [0, 1, 2].map((day) => ({ start: first + day * dayMs, end: first + (day + 1) * dayMs }));
  await aggregate(db, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  file = join(temporaryFolder(), 'zen.html');
  await writePage(file, (await render(db, { locale: 'ru', minCell: 0 })).html);
}, 120_000);

afterAll(async () => {
  await browser.close();
  await db.close();
});

beforeEach(async () => {
  page = await browser.newPage(
    pointer === 'mouse'
      ? { viewport: { width: 1440, height: 900 } }
      : { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  );
  [said, steps] = [[], 0];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-zen=ready]');
});

afterEach(async () => {
  expect(steps).toBeLessThanOrEqual(most[pointer]);
  expect(said).toEqual([]);
  await page.close();
});

async function click(selector: string): Promise<void> {
  steps++;
  await (pointer === 'mouse' ? page.click(selector) : page.tap(selector));
}

/** Clicks on the history, at a time. */
async function clickAt(time: number): Promise<void> {
  steps++;
  const box = await page.locator('#history .view').boundingBox();
  const [left, width] = await page.$eval('#history', (panel) => {
    const { view } = panel as unknown as { view: { origin(): [number]; signal(name: string): number } };
    return [view.origin()[0], view.signal('width')] as const;
  });
  const x = (box?.x ?? 0) + left + ((time - first) / (3 * dayMs)) * width;
  const y = (box?.y ?? 0) + (box?.height ?? 0) * 0.6;
  await (pointer === 'mouse' ? page.mouse.click(x, y) : page.touchscreen.tap(x, y));
}

const text = async (selector: string) => (await page.locator(selector).innerText()).replace(/\s/g, ' ');
const column = (field: string) =>
  page.$$eval(
    '#topics .option',
    (rows, field) =>
      rows.map((row) => [
        row.querySelector('.name')?.textContent,
        row.querySelector(`[data-field=${field}]`)?.textContent,
      ]),
    field,
  );
const rowsOf = (id: string) =>
  page.$eval(id, (panel) => (panel as unknown as { data: Record<string, unknown>[] }).data);

/** The file that a click gives. */
async function take(selector: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), click(selector)]);
  return buffer(await download.createReadStream());
}

test('this view for a colleague, as a file that opens with it and is verified: two clicks', async () => {
  await page.evaluate(() => {
    location.hash = 'topics=%D0%9A%D0%B8%D0%BD%D0%BE,%D0%A8%D0%BE%D1%83&ages=45%2B&funnel=funnel_ages';
  });
  await page.waitForSelector('#topics.is-filtered');
  const settled = async (one: Page) => {
    await one.waitForFunction(() => document.querySelector('#summary')?.textContent.includes('Кино'));
    const drawn = await one.$$eval('zen-chart:not([hidden])', (panels) =>
      panels.map((panel) => [panel.id, (panel as unknown as { data: unknown[] }).data]),
    );
    return [drawn, await one.innerText('#summary'), await one.innerText('[data-word=events]')];
  };
  const shown = await settled(page);
  await click('#share summary');
  expect(await page.isVisible('[data-share=link]')).toBe(false); // a link into one's own disk is none
  expect(await text('.hint')).toMatch(/^Эта страница — файл/);
  const saved = await take('[data-share=page]');
  expect((await verify(saved, db)).differences).toEqual([]);
  const copy = join(temporaryFolder(), 'view.html');
  writeFileSync(copy, saved);
  const other = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await other.goto(pathToFileURL(copy).href);
  await other.waitForSelector('html[data-zen=ready]');
  expect(await settled(other)).toEqual(shown);
  await other.click('#reset');
  await other.waitForFunction(() => location.hash === '#funnel=funnel_ages');
  expect(await other.locator('#topics.is-filtered').count()).toBe(0);
  await other.close();
  const forged = saved.toString().replace('data-view="topics=', 'data-view="topics=x,');
  expect((await verify(forged, db)).differences.map(({ name }) => name)).toEqual(['page']);
});

test('only what is chosen of this view as a file, in which nothing tells of the rest: two clicks', async () => {
  const before = await column('events');
  const whole = await page.innerText('[data-word=events]');
  expect(await page.isVisible('[data-share=chosen]')).toBe(false);
  await page.evaluate(() => {
    const other = encodeURIComponent(`topics=${encodeURIComponent('Скандалы')}`);
    location.hash = `topics=Кино,Шоу&ages=45%2B&compare=${other}&funnel=funnel_ages`;
  });
  await page.waitForSelector('#topics.is-filtered');
  const settled = (one: Page) =>
    one.$$eval('zen-chart:not([hidden])', (panels) =>
      panels.map((panel) => [
        panel.id,
        panel.querySelector('h2')?.textContent,
        (panel as unknown as { data: unknown[] }).data,
      ]),
    );
  await page.waitForFunction(() => document.querySelector('#summary')?.textContent.includes('45+'));
  const shown = await settled(page);
  const events = await page.innerText('[data-word=events]');
  await click('#share summary');
  const saved = await take('[data-share=chosen]');
  expect((await verify(saved, db)).differences).toEqual([]);
  const html = saved.toString();
  const packed = /id="payload">([^<]*)</.exec(html)?.[1] ?? '';
  const all = html + inflateSync(Buffer.from(packed, 'base64')).toString();
  expect(['Наука', 'Дети', 'Скандалы', '18-25'].filter((name) => all.includes(name))).toEqual([]);
  expect(html).not.toContain('compare=topics');
  const told = html.replace(packed, '').replaceAll(/<(script|style)>.*?<\/\1>/gs, '');
  const counts = [
    whole,
    ...before.filter(([name]) => !/Кино|Шоу/.test(name ?? '')).map(([, count]) => count ?? ''),
  ];
  const numbers = counts.flatMap((count) => [count, count.replace(/\D/g, '')]);
  expect(numbers.length).toBe(12);
  expect(numbers.filter((number) => new RegExp(`(?<![\\w.])${number}(?![\\w.])`).test(told))).toEqual([]);
  const copy = join(temporaryFolder(), 'chosen.html');
  writeFileSync(copy, saved);
  for (const javaScriptEnabled of [false, true]) {
    const other = await browser.newPage({ viewport: { width: 1440, height: 900 }, javaScriptEnabled });
    await other.goto(pathToFileURL(copy).href);
    if (javaScriptEnabled) await other.waitForSelector('html[data-zen=ready]');
    if (javaScriptEnabled) expect(await settled(other)).toEqual(shown);
    expect(await other.innerText('[data-word=events]')).toBe(events);
    expect(
      await other.$$eval('#topics .name', (names) => names.map(({ textContent }) => textContent)),
    ).toEqual(before.map(([name]) => name).filter((name) => /Кино|Шоу/.test(name ?? '')));
    expect(await other.innerText('#facts')).toContain('только выбранное: темы: Кино, Шоу; возраст: 45+');
    expect(await other.locator('#history svg path').count()).toBeGreaterThan(1);
    const times = await other.$$eval('#history .view text', (letters) => {
      const all = letters.map((text) => [text.textContent, text.getBoundingClientRect()] as const);
      const low = Math.max(...all.map(([, { top }]) => top));
      const axis = all
        .filter(([text, { top }]) => text && top > low - 5)
        .map(([, { left, right }]) => [left, right]);
      return axis.sort(([a = 0], [b = 0]) => a - b).flat();
    });
    expect(times.length).toBeGreaterThanOrEqual(6);
    expect(times).toEqual(times.toSorted((a, b) => a - b)); // none stands over the next
    await other.close();
  }
});

test('a picture for a slide, which explains itself: one click', async () => {
  const png = await take('#history [data-take=png]');
  expect([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([
    'PNG',
    1920,
    1080,
  ]);
  const words = await page.$eval('#history', (panel) => {
    const { key } = panel as unknown as { key: [string, string][] };
    return key.map(([name]) => name);
  });
  expect(words.toSorted()).toEqual([...topics, 'Скандалы'].toSorted());
});

describe.each(['mouse', 'finger'] as const)('with a %s:', (kind) => {
  beforeAll(() => {
    pointer = kind;
  });
  afterAll(() => {
    pointer = 'mouse';
  });

  test('which topics grew since yesterday: one click sorts by it', async () => {
    await click('[data-sort=change]');
    const [[top], [second, change]] = (await column('change')) as [[string, string], [string, string]];
    expect([top, second]).toEqual(['Скандалы', 'Дети']);
    const [count] = await db.query<{ now: number; before: number }>(
      `select sum(visits) filter (where dt >= '2019-09-24' and not dt::time between '13:00' and '13:59')::float8 as now,
        sum(visits) filter (where dt < '2019-09-24')::float8 as before
       from dash_visits where item_topic = 'Дети' and dt >= '2019-09-23'`,
    );
    const growth = ((count?.now ?? 0) / (count?.before ?? 0) - 1) * 100;
    expect(change).toBe(`+${growth.toFixed(1).replace('.', ',')}\u00a0%`);
    const [share] = await db.query<{ now: number; before: number }>(
      `select sum(unique_users) filter (where event = 'click' and dt >= '2019-09-24')::float8
          / sum(unique_users) filter (where event = 'show' and dt >= '2019-09-24') as now,
        sum(unique_users) filter (where event = 'click' and dt < '2019-09-24')::float8
          / sum(unique_users) filter (where event = 'show' and dt < '2019-09-24') as before
       from dash_engagement where dt >= '2019-09-23' and not dt::time between '13:00' and '13:59'`,
    );
    const [before, now] = [share?.before, share?.now].map((part = NaN) =>
      `${(100 * part).toFixed(1)} %`.replace('.', ','),
    );
    expect(await text('.compared')).toMatch(
      new RegExp(
        `^24 сентября 2019 г\\. к 23 сентября 2019 г\\. \\(без 13:00–14:00\\)\\. Клики, % от показов: ${before} → ${now}\\. ` +
          'Из-за состава тем и возрастов: \\S+ п\\. п\\., из-за самих долей: \\S+ п\\. п\\.; больше всего, \\S+ п\\. п\\., из-за темы «Кино»\\.$',
      ),
    );
  });

  test('whether readers of 18–25 convert worse in a topic: two clicks, with intervals', async () => {
    await click('#topics .option:has-text("Наука") .name');
    await click('[data-show=funnel_ages]');
    const [young, old] = await rowsOf('#funnel_ages');
    expect([young?.age_segment, old?.age_segment]).toEqual(['18-25', '45+']);
    expect(Number(young?.click_high)).toBeLessThan(Number(old?.click_low));
  });

  test('which share of a source is in a card topic, both ways: one click', async () => {
    await click('[data-show=matrix]');
    const rows = await rowsOf('#matrix');
    expect(rows.filter(({ item_topic }) => item_topic === 'Шоу')).toEqual([
      expect.objectContaining({ source_topic: 'Россия', share: 1 }),
    ]);
    const [count] = await db.query<{ share: number }>(
      `select sum(visits) filter (where item_topic = 'Шоу')::float8 / sum(visits) as share from dash_visits where source_topic = 'Россия'`,
    );
    expect(rows.find(({ item_topic }) => item_topic === 'Шоу')?.back).toBeCloseTo(count?.share ?? NaN, 12);
  });

  test('two topics over the day, each with a scale of its own: one click', async () => {
    await click('.expand');
    const most = await page.$$eval('#topics .option .trace', (all) =>
      all.map((trace) => trace.getAttribute('data-most')),
    );
    expect(most.every((number) => Number(number?.replace(/\D/g, '')) > 0)).toBe(true);
    expect(await page.isVisible('#topics .option:has-text("Кино") .course')).toBe(true);
  });

  test('the funnels of two ages side by side: one click', async () => {
    await click('[data-show=funnel_ages]');
    expect((await rowsOf('#funnel_ages')).map(({ age_segment }) => age_segment)).toEqual(['18-25', '45+']);
  });

  test('what happened at 18:40: one click on it', async () => {
    await clickAt(spike + 7 * minuteMs);
    const told = await text('.moment');
    expect(told).toMatch(/^24 сент\., 18:30–18:45 UTC +События 409 ×11/);
    expect(told).toMatch(/Скандалы \d+ новая/);
    expect(told).toMatch(/Сильнее всего изменились: Тема карточки — Скандалы \+\d+/);
    await page.keyboard.press('Escape');
    expect(await page.isVisible('.moment')).toBe(false);
  });

  test('which topics have the best click rate: one click', async () => {
    await click('[data-sort=clicks]');
    expect((await column('clicks'))[0]?.[0]).toBe('Кино');
  });

  test('whether the data is complete and fresh: no click', async () => {
    expect(await text('#freshness')).toMatch(
      /^Данные по 24 сентября, 24:00 UTC, обновлены .+ \((только что|.+ назад)\).*23 сентября 2019 г\., 13:00–14:00 UTC\.$/,
    );
  });

  test('the totals of topics in a spreadsheet: two clicks', async () => {
    await click('#share summary');
    const parts = unzipSync(await take('[data-share=xlsx]'));
    const sheets = [1, 2, 3, 4, 5].map((at) =>
      strFromU8(parts[`xl/worksheets/sheet${at}.xml`] ?? Buffer.of()),
    );
    const rows = sheets.map((sheet) =>
      [...sheet.matchAll(/<row>(.*?)<\/row>/g)].map(([, row = '']) =>
        [...row.matchAll(/<(?:v|t)[^>]*>([^<]*)</g)].map(([, value]) => value),
      ),
    );
    const totals = await db.query<{ item_topic: string; visits: number }>(
      `select item_topic, sum(visits)::int as visits from dash_visits group by 1 order by 2 desc`,
    );
    expect(rows[0]?.slice(1).map(([name, visits]) => [name, Number(visits)])).toEqual(
      totals.map(({ item_topic, visits }) => [item_topic, visits]),
    );
    const [head = [], ...minutes] = rows[1] ?? [];
    const counted = await db.query<{ dt: number; visits: number }>(
      `select extract(epoch from dt)::float8 / 86400 + 25569 as dt, sum(visits)::int as visits from dash_visits group by 1 order by 1`,
    );
    expect(head.slice(1).toSorted()).toEqual(totals.map(({ item_topic }) => item_topic).toSorted());
    const sums = minutes.map(([dt, ...values]) => ({
      dt: Number(dt),
      visits: values.reduce((sum, value) => sum + Number(value), 0),
    }));
    expect(sums.filter(({ visits }) => visits > 0)).toEqual(counted);
    expect(sums).toHaveLength((3 * dayMs) / minuteMs);
    const [source] = await db.query<{ visits: number }>(
      `select sum(visits)::int as visits from dash_visits where item_topic = 'Шоу' and source_topic = 'Россия'`,
    );
    const [topics = [], ...sources] = rows[2] ?? [];
    const line = sources.find(([name]) => name === 'Россия') ?? [];
    expect(Number(line[topics.indexOf('Шоу')])).toBe(source?.visits);
    const [shows] = await db.query<{ users: number }>(
      `select sum(unique_users)::int as users from dash_engagement where event = 'show' and age_segment = '45+'`,
    );
    expect(rows[3]?.find(([age, event]) => age === '45+' && event === 'Показы')?.[2]).toBe(
      String(shows?.users),
    );
    expect(rows[4]?.slice(1, 3).map(([, date]) => Number(date))).toEqual([43730, 43733]);
  });
});

test('a spike has a caption on the plot, which follows the filters', async () => {
  const caption = (age?: string) => {
    const all = inventDays().filter(({ item_topic }) => item_topic === 'Скандалы');
    return `18:40 «Скандалы» +${all.filter(({ age_segment }) => age === undefined || age_segment === age).length}`;
  };
  const shows = (...captions: string[]) =>
    page.waitForFunction(
      (wanted) =>
        [...document.querySelectorAll('[id^=history]:not([hidden]) .view text')]
          .flatMap(({ textContent }) => (textContent.includes('«') ? [textContent] : []))
          .join() === wanted,
      captions.join(),
    );
  await shows(caption());
  await click('#ages .name >> text=45+');
  await shows(caption('45+'));
  await click('#topics .name >> text=Дети');
  await shows();
  await click('#topics .name >> text=Скандалы');
  await shows(caption('45+'));
});

test('a caption is whole on a phone, too', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.waitForFunction(() =>
    [...document.querySelectorAll('#history .view text')].some(({ textContent }) =>
      /^18:40 «Скандалы» \+\d+$/.test(textContent),
    ),
  );
});

test('the names of days beneath the plot are whole, however narrow it is', async () => {
  const [most, least] = [420, 300];
  const counts = new Set<number>();
  for (let width = most; width >= least; width -= 12) {
    await page.setViewportSize({ width, height: 844 });
    // The observer of the strip's size is told before the second frame.
    const rights = await page.evaluate(async () => {
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
      const strip = document.querySelector('#strip')?.getBoundingClientRect().right ?? NaN;
      return [...document.querySelectorAll('.days span')].map(
        (name) => name.getBoundingClientRect().right - strip,
      );
    });
    expect(rights.filter((right) => !(right <= 1))).toEqual([]);
    counts.add(rights.length);
  }
  expect([...counts]).toEqual([2, 1]);
});

test.each([
  [1440, 900],
  [1920, 1200],
  [2560, 1440],
  [3840, 2160],
])('at %i × %i the strip begins and ends where the plot does', async (width, height) => {
  await page.setViewportSize({ width, height });
  await page.waitForFunction(() => {
    const [strip, plot] = ['#strip', '#history .role-axis-domain line'].map((selector) =>
      document.querySelector(selector)?.getBoundingClientRect(),
    );
    return strip && plot && Math.abs(strip.left - plot.left) < 2 && Math.abs(strip.right - plot.right) < 2;
  });
});

test('a comparison with the day before draws it in the history, and a link holds it', async () => {
  await page.selectOption('#period select', { label: 'вт, 24 сентября' });
  await page.selectOption('#compare', 'day');
  await page.waitForFunction(() => document.querySelector('[data-word=eventsChange]')?.textContent !== '');
  const ghost = await page.$eval('#history', (panel) =>
    (panel as unknown as { view: { data(name: string): { dt: number; rate: number | null }[] } }).view.data(
      'baseline',
    ),
  );
  expect(
    ghost.filter(({ dt, rate }) => rate === null && dt >= hole[0] + dayMs && dt < hole[1] + dayMs),
  ).toHaveLength(hourMs / (5 * minuteMs));
  expect(await page.evaluate(() => location.hash)).toContain('compare=day');
  await page.selectOption('#compare', 'none');
  await page.waitForFunction(() => document.querySelector('[data-word=eventsChange]')?.textContent === '');
  expect(await page.isVisible('#topics .change >> nth=0')).toBe(false);
});

test('two selections side by side, in the history, the figures and the funnel: three steps', async () => {
  await click('#topics .name >> text=Кино');
  steps++;
  await page.selectOption('#compare', 'this');
  await page.waitForFunction(() =>
    (document.querySelector('.compared')?.textContent ?? '').startsWith('Кино → все темы'),
  );
  await click('#topics .name >> text=Дети');
  await page.waitForFunction(() =>
    (document.querySelector('.compared')?.textContent ?? '').startsWith('Кино → Дети'),
  );
  expect(await text('.compared')).toMatch(/^Кино → Дети \(без .*\)\. Клики, % от показов: \S+ % → \S+ %\.$/);
  const sums = Object.fromEntries(
    (
      await db.query<{ item_topic: string; visits: number }>(
        'select item_topic, sum(visits)::float8 as visits from dash_visits group by 1',
      )
    ).map(({ item_topic, visits }) => [item_topic, visits]),
  );
  const growth = 100 * ((sums.Дети ?? NaN) / (sums.Кино ?? NaN) - 1);
  const said = `${growth < 0 ? '−' : '+'}${Math.abs(growth).toFixed(1).replace('.', ',')} %`;
  expect(await text('[data-word=eventsChange]')).toBe(said);
  expect(await page.isVisible('#topics .change >> nth=0')).toBe(false);
  const [users] = await db.query<Record<'shows' | 'clicks', number>>(
    `select sum(unique_users) filter (where event = 'show')::float8 as shows,
      sum(unique_users) filter (where event = 'click')::float8 as clicks
     from dash_engagement where item_topic = 'Кино'`,
  );
  const rows = await page.$eval(
    '#funnel',
    (panel) => (panel as unknown as { rows: { event: string; before: number }[] }).rows,
  );
  expect(rows.find(({ event }) => event === 'click')?.before).toBeCloseTo(
    (users?.clicks ?? NaN) / (users?.shows ?? NaN),
    12,
  );
  expect(await page.locator("#funnel .mark-rect path[fill='#1d2530']").count()).toBe(1);
  const ofAges = await db.query<{ age_segment: string; clicks_before: number }>(
    `select age_segment, (sum(unique_users) filter (where event = 'click'))::float8
      / sum(unique_users) filter (where event = 'show') as clicks_before
     from dash_engagement where item_topic = 'Кино' group by 1 order by 1`,
  );
  await page.click('#funnel [data-show=funnel_ages]');
  const rings = () =>
    page.$eval('#funnel_ages', (panel) =>
      (panel as unknown as { view?: { data(name: string): Record<string, unknown>[] } }).view
        ?.data('ages_before')
        .map(({ age_segment, clicks_before }) => ({ age_segment, clicks_before })),
    );
  await page.waitForSelector('#funnel_ages:not([hidden]) .mark-symbol');
  expect(await rings()).toEqual(
    ofAges.map((row) => ({ ...row, clicks_before: expect.closeTo(row.clicks_before, 12) })),
  );
  await page.click('#funnel_ages [data-show=funnel]');
  const ghost = await page.$eval('#history', (panel) => {
    const { view } = panel as unknown as {
      view: { data(name: string): { rate: number | null }[]; signal(name: string): number };
    };
    return view
      .data('baselines')
      .reduce((sum, { rate }) => sum + ((rate ?? 0) * view.signal('step')) / 60_000, 0);
  });
  expect(ghost).toBeCloseTo(sums.Кино ?? NaN, 6);
  await page.reload();
  await page.waitForSelector('html[data-zen=ready]');
  await page.waitForFunction(() =>
    (document.querySelector('.compared')?.textContent ?? '').startsWith('Кино → Дети'),
  );
  // A link from elsewhere may name what this page has not.
  await page.evaluate(() => {
    location.hash = 'compare=topics%3D%25D0%25A5';
  });
  await page.waitForFunction(() => document.querySelector<HTMLSelectElement>('#compare')?.value === 'before');
});

test('any stretch is compared with another, as far as the shorter goes, and a link holds it', async () => {
  const type = async (from: string, to: string) => {
    for (const [at, time] of [from, to].entries()) {
      await page.locator('#period input').nth(at).fill(time);
      await page.locator('#period input').nth(at).press('Enter');
    }
  };
  const option = () => page.$eval('#compare [value=this]', (one) => (one as HTMLOptionElement).disabled);
  expect(await option()).toBe(true);
  await type('22.09.2019 10:00', '22.09.2019 12:00');
  await page.selectOption('#compare', 'this');
  await page.waitForFunction(() =>
    (document.querySelector('.compared')?.textContent ?? '').startsWith('Выберите'),
  );
  expect(await text('#summary')).toMatch(/^22–24 сентября/);
  const marked = () =>
    page.$eval('#history', (panel) =>
      (panel as unknown as { view: { data(name: string): Record<string, number>[] } }).view
        .data('compared')
        .map(({ start, end }) => [start, end]),
    );
  expect(await marked()).toEqual([['10:00', '12:00'].map((time) => parseTime(`2019-09-22 ${time}`))]);
  expect(await page.isVisible('#strip .earlier')).toBe(true);
  await type('23.09.2019 12:30', '23.09.2019 15:30');
  await page.waitForFunction(() => (document.querySelector('.compared')?.textContent ?? '').includes('без'));
  const told =
    '23 сентября 2019 г., 12:30–14:30 к 22 сентября 2019 г., 10:00–12:00 (без 23 сентября 2019 г., 13:00–14:00, 23 сентября 2019 г., 14:30–15:30)';
  expect(await text('.compared')).toContain(`${told}. Клики, % от показов: `);
  const [count] = await db.query<{ now: number; before: number }>(
    `select sum(visits) filter (where dt >= '2019-09-23' and (dt < '2019-09-23 13:00' or dt >= '2019-09-23 14:00')
        and dt >= '2019-09-23 12:30' and dt < '2019-09-23 14:30')::float8 as now,
      sum(visits) filter (where dt >= '2019-09-22 10:00' and dt < '2019-09-22 12:00'
        and (dt < '2019-09-22 10:30' or dt >= '2019-09-22 11:30'))::float8 as before
     from dash_visits`,
  );
  const growth = ((count?.now ?? 0) / (count?.before ?? 0) - 1) * 100;
  const said = `${growth < 0 ? '−' : '+'}${Math.abs(growth).toFixed(1).replace('.', ',')} %`;
  expect(await text('[data-word=eventsChange]')).toBe(said);
  const [users] = await db.query<Record<'shows' | 'clicks' | 'before' | 'clicks_before', number>>(
    `select sum(unique_users) filter (where event = 'show' and dt >= '2019-09-23')::float8 as shows,
      sum(unique_users) filter (where event = 'click' and dt >= '2019-09-23')::float8 as clicks,
      sum(unique_users) filter (where event = 'show' and dt < '2019-09-23')::float8 as before,
      sum(unique_users) filter (where event = 'click' and dt < '2019-09-23')::float8 as clicks_before
     from dash_engagement
     where (dt >= '2019-09-23 12:30' and dt < '2019-09-23 13:00') or (dt >= '2019-09-23 14:00' and dt < '2019-09-23 14:30')
       or (dt >= '2019-09-22 10:00' and dt < '2019-09-22 10:30') or (dt >= '2019-09-22 11:30' and dt < '2019-09-22 12:00')`,
  );
  const { shows = 0, clicks = 0, before = 0, clicks_before = 0 } = users ?? {};
  const write = (value: number, number = String(Math.abs(Math.round(value * 10) / 10))) =>
    `${value < 0 ? '−' : value > 0 ? '+' : ''}${number.replace('.', ',')}`;
  const more = 100 * (shows / before - 1);
  const changes = await page.$eval('#funnel', (panel) =>
    (panel as unknown as { rows: { event: string; change: string }[] }).rows.map(({ event, change }) => [
      event,
      change.replace(/\s/g, ' '),
    ]),
  );
  expect(Object.fromEntries(changes)).toMatchObject({
    show: `${write(more, Math.abs(more).toFixed(1))} %`,
    click: `${write(100 * (clicks / shows - clicks_before / before))} п. п.`,
  });
  expect(await page.evaluate(() => location.hash)).toContain(
    'compare=from%3D2019-09-22T10%3A00%26to%3D2019-09-22T12%3A00',
  );
  await page.reload();
  await page.waitForSelector('html[data-zen=ready]');
  expect([await text('.compared'), await text('[data-word=eventsChange]')]).toEqual([
    expect.stringContaining(told),
    said,
  ]);
});

/** The kinds of marks that the history draws, the first of them its own. */
const drawnMarks = () =>
  page.$$eval('#history .view .marks > g > g', (groups) =>
    groups.flatMap(({ classList }) => [...classList].filter((name) => /^mark-(area|line)$/.test(name))),
  );
const choose = (names: string[]) =>
  page.$eval(
    '#topics',
    (control, names) => {
      (control as HTMLElement & { choose(names: string[] | null): void }).choose(names);
    },
    names,
  );

test('up to six chosen topics are lines, until the reader chooses another way, which a link holds', async () => {
  const shown = async () => ({
    pressed: await text('#history .switch [aria-pressed=true]'),
    hash: /history=(\w+)/.exec(await page.evaluate(() => location.hash))?.[1],
  });
  const becomes = (name: string) => page.waitForSelector(`[data-show=${name}][aria-pressed=true]`);
  expect(await shown()).toEqual({ pressed: 'Слои', hash: undefined });
  await choose(['Кино', 'Шоу']);
  await becomes('history_lines');
  expect(await shown()).toEqual({ pressed: 'Линии', hash: undefined });
  await choose([...topics, 'Скандалы'].slice(0, 6));
  expect((await shown()).pressed).toBe('Линии');
  await page.click('[data-show=history]');
  await becomes('history');
  expect(await shown()).toEqual({ pressed: 'Слои', hash: 'history' });
  await page.reload();
  await page.waitForSelector('html[data-zen=ready]');
  expect(await shown()).toEqual({ pressed: 'Слои', hash: 'history' });
  await page.click('[data-show=history_shares]');
  await becomes('history_shares');
  await choose(['Кино']);
  expect(await shown()).toEqual({ pressed: 'Доли', hash: 'history_shares' });
  expect(await text('#history h2')).toBe('Доли событий по темам карточек, %');
});

test('the stack that lines replace for a while is found as it was, and not drawn again', async () => {
  await page.waitForSelector('#history .view svg');
  const areas = '#history .view .mark-area path';
  await page.$$eval(areas, (paths) => {
    const redraw = new MutationObserver((changes) => {
      for (const { target } of changes) if (target instanceof Element) target.classList.remove('is-kept');
    });
    for (const path of paths) {
      path.classList.add('is-kept');
      redraw.observe(path, { attributeFilter: ['d'] });
    }
  });
  await choose(['Кино', 'Шоу']);
  await page.waitForFunction(() => document.querySelectorAll('#history .view .mark-line').length > 0);
  expect(await drawnMarks()).not.toContain('mark-area');
  await page.$eval('#topics', (control) => {
    (control as HTMLElement & { choose(names: null): void }).choose(null);
  });
  await page.waitForSelector(areas);
  await page.waitForFunction(() => document.getElementById('summary')?.textContent.includes('все темы'));
  const kept = await page.$$eval(areas, (paths) => paths.map((path) => path.classList.contains('is-kept')));
  expect(kept.length).toBeGreaterThan(5);
  expect(kept).not.toContain(false);
});

test('shares are of all events of a step, and lines are what the stack was made of', async () => {
  const [stacked] = [await rowsOf('#history')];
  await page.click('[data-show=history_shares]');
  await page.waitForFunction(() => document.querySelector('#history')?.textContent.includes('Доли событий'));
  await page.waitForSelector('#history .view svg');
  const rows = await page.$eval('#history', (panel) => (panel as unknown as { rows: Row[] }).rows);
  const shares = await db.query<{ item_topic: string; share: number }>(
    `select item_topic, sum(visits)::float8 / sum(sum(visits)) over () as share from dash_visits
     where dt >= '2019-09-24 18:30' and dt < '2019-09-24 18:45' group by 1 order by 1`,
  );
  const slot = parseTime('2019-09-24 18:30');
  const own = rows.filter(({ dt }) => dt === slot).sort((a, b) => (a.item_topic < b.item_topic ? -1 : 1));
  expect(own.map(({ share }) => Number(share.toPrecision(9)))).toEqual(
    shares
      .toSorted((a, b) => (a.item_topic < b.item_topic ? -1 : 1))
      .map(({ share }) => Number(share.toPrecision(9))),
  );
  expect(await rowsOf('#history')).toEqual(stacked);
  await page.click('[data-show=history_lines]');
  await page.waitForFunction(() => document.querySelectorAll('#history .view .mark-line').length > 0);
  expect(await drawnMarks()).not.toContain('mark-area');
  const byTime = (all: object[]) => all.map((row) => JSON.stringify(row)).sort();
  expect(byTime(await rowsOf('#history'))).toEqual(byTime(stacked));
});

interface Row {
  dt: number;
  item_topic: string;
  share: number;
}

test('arrow keys walk through time, with no pointer', async () => {
  await page.focus('#history .view');
  await page.keyboard.press('ArrowRight');
  const one = await text('.moment p >> nth=0');
  await page.keyboard.press('ArrowRight');
  const next = await text('.moment p >> nth=0');
  expect([one, next]).toEqual(['22 сент., 00:00–00:15 UTC', '22 сент., 00:15–00:30 UTC']);
});
