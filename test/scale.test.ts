import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { writePage } from '../src/output.ts';
import type { RenderOptions } from '../src/render/render.ts';
import { parseSteps } from '../src/render/steps.ts';
import { parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { everything, inOrder, selectDrawn } from './support/selection.ts';
import type { Drawn } from './support/selection.ts';
import { render } from './support/page.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const [start, end] = [parseTime('2026-11-16'), parseTime('2026-11-19')];

const event = { user_id: 1, item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };

let db: Database;
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
  db = await newDatabase('server');
  await insertEvents(db, [{ ...event, ts: start }]);
  await aggregate(db, [{ start, end }], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 }); // makes the tables
  await db.run('delete from dash_visits');
  await db.run('delete from dash_engagement');
});

afterAll(async () => {
  await browser.close();
  await db.close();
});

describe('a page of three days', () => {
  let page: Page;

  beforeAll(async () => {
    await fill();
    page = await open({});
  });

  afterAll(() => page.close());

  test('draws the history in steps of 15 minutes, and says so', async () => {
    expect(await step(page)).toBe(15 * minute);
    expect(await label(page)).toBe('Events per minute, averaged over 15 min');
    const { history } = await drawn(page);
    expect(new Set(history.map(({ dt }) => Number(dt) % (15 * minute)))).toEqual(new Set([0]));
    expect(total(history)).toBe(total((await selectDrawn(db, everything)).history));
  });

  test('returns to minutes when the reader zooms in, and filters at minutes whatever it draws', async () => {
    const near: [number, number] = [start + 7 * hour + 3 * minute, start + 12 * hour];
    await choose(page, near);
    expect(await step(page)).toBe(minute);
    expect(await label(page)).toBe('Events per minute');
    expect(inOrder(await drawn(page))).toEqual(
      inOrder(await selectDrawn(db, { ...everything, period: near })),
    );
    const far: [number, number] = [start + 7 * minute, start + 29 * hour + 11 * minute];
    await choose(page, far);
    expect(await step(page)).toBe(5 * minute);
    const wanted = await selectDrawn(db, { ...everything, period: far });
    const found = await drawn(page);
    expect(total(found.history)).toBe(total(wanted.history));
    expect(inOrder({ ...found, history: [] })).toEqual(inOrder({ ...wanted, history: [] }));
    await choose(page, null);
  });

  test('tells the minute with the most events, not the step', async () => {
    const [peak] = await db.query<{ dt: number; visits: number }>(
      `select (extract(epoch from dt) * 1000)::bigint as dt, sum(visits)::bigint as visits
       from dash_visits group by dt order by visits desc, dt limit 1`,
    );
    const time = new Date(peak?.dt ?? 0).toISOString().slice(11, 16);
    const text = await page.textContent('[data-word=peak]');
    expect(text).toContain((peak?.visits ?? 0).toLocaleString('en'));
    expect(text).toContain(time);
  });
});

describe('a page that must be small', () => {
  test('has longer steps where minutes do not fit, says until when, and adds up to the same', async () => {
    const whole = Buffer.byteLength((await render(db, { locale: 'en' })).html);
    const page = await open({ maxSize: (whole - 10_000) / 1e6 });
    const told = / so that this file can be sent: 30\sminutes until (.*?) UTC/.exec(
      (await page.textContent('#facts')) ?? '',
    )?.[1];
    expect(told).toMatch(/^Nov 1[678], \d\d:[03]0$/);
    const [found, wanted] = [await drawn(page), await selectDrawn(db, everything)];
    expect(total(found.history)).toBe(total(wanted.history));
    expect(inOrder({ ...found, history: [] })).toEqual(inOrder({ ...wanted, history: [] }));
    expect(await label(page)).toBe('Events per minute, averaged over 15 min – 30 min');
    await choose(page, [end - 3 * hour, end]);
    expect(await label(page)).toBe('Events per minute');
    await page.close();
  });

  test('draws each stretch in its own steps, and a period is of whole ones', async () => {
    const page = await open({ steps: parseSteps('12h:minute,1d:30m,day') });
    const days = [start, start + day];
    expect(await starts(page)).toEqual([
      ...days,
      ...range(start + 2 * day, start + 2.5 * day, 30 * minute),
      ...range(start + 2.5 * day, end, 15 * minute),
    ]);
    const [found, wanted] = [await drawn(page), await selectDrawn(db, everything)];
    expect(total(found.history)).toBe(total(wanted.history));
    for (const [period, whole, said] of [
      [[start + hour, start + 2 * hour], [start, start + day], 'The period is in whole steps of 1 day.'],
      [
        [start + 2 * day + minute, end - minute],
        [start + 2 * day, end - minute],
        'The period is in whole steps: 30 minutes at its start, 1 minute at its end.',
      ],
      [[end - 7 * hour - minute, end - minute], [end - 7 * hour - minute, end - minute], ''],
    ] as const) {
      await choose(page, [...period]);
      expect(
        await page.evaluate(() => (document.querySelector('#period') as unknown as { value: unknown }).value),
      ).toEqual(whole);
      expect((await page.textContent('#summary'))?.replaceAll('\u00a0', ' ')).toContain(said);
      const own = await selectDrawn(db, { ...everything, period: [...whole] });
      const shown = await drawn(page);
      expect(total(shown.history)).toBe(total(own.history));
      expect(inOrder({ ...shown, history: [] })).toEqual(inOrder({ ...own, history: [] }));
    }
    await page.close();
  });
});

/** Three days of minutes of five topics, by hashes; some have none. */
async function fill(): Promise<void> {
  const minutes = (end - start) / minute;
  const rows = `from generate_series(0, ${minutes - 1}) as m, generate_series(0, 4) as i, generate_series(0, 2) as j
    where (m * 7 + i * 3 + j) % 5 <> 0`;
  const dt = `timestamp '2026-11-16' + m * interval '1 minute'`;
  await db.run(`insert into dash_visits (dt, item_topic, source_topic, age_segment, visits)
    select ${dt}, 'topic ' || i, 'source ' || j, 'age ' || (i + j) % 2, 1 + abs(hashtext(m::text || i || j)) % 97 ${rows}`);
  await db.run(`insert into dash_engagement (dt, item_topic, event, age_segment, unique_users)
    select dt, item_topic, event, age_segment, users
    from (select dt, item_topic, age_segment, sum(visits) as all_visits from dash_visits group by 1, 2, 3) as seen,
      lateral (values ('show', all_visits - all_visits / 9 - all_visits / 18), ('click', all_visits / 9), ('view', all_visits / 18))
        as kinds (event, users)
    where users > 0`);
}

async function open(options: Omit<RenderOptions, 'locale'>): Promise<Page> {
  const file = join(temporaryFolder(), 'zen.html');
  await writePage(file, (await render(db, { locale: 'en', ...options })).html);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('console', (message) => {
    throw new Error(message.text());
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-zen=ready]');
  return page;
}

interface Panel {
  data: never[];
  view: { runAsync(): Promise<unknown>; signal(name: string): number };
}

async function choose(page: Page, period: [number, number] | null): Promise<void> {
  await page.evaluate(async (value) => {
    Object.assign(document.querySelector('#period') ?? {}, { value });
    for (const id of ['history', 'sources', 'funnel'])
      await (document.getElementById(id) as unknown as Panel).view.runAsync();
  }, period);
}

function drawn(page: Page): Promise<Drawn> {
  return page.evaluate(() => {
    const [history = [], sources = [], funnel = []] = ['history', 'sources', 'funnel'].map(
      (id) => (document.getElementById(id) as unknown as Panel).data,
    );
    return { history, sources, funnel };
  });
}

function step(page: Page): Promise<number> {
  return page.evaluate(() => (document.querySelector('#history') as unknown as Panel).view.signal('step'));
}

/** The starts of the steps that are drawn. */
async function starts(page: Page): Promise<number[]> {
  const { history } = await drawn(page);
  return [...new Set(history.map(({ dt }) => Number(dt)))].filter((dt) => dt < end).sort((a, b) => a - b);
}

const range = (from: number, to: number, by: number) =>
  Array.from({ length: (to - from) / by }, (_, at) => from + at * by);

async function label(page: Page): Promise<string | undefined> {
  const texts = await page.$$eval('#history svg text', (all) => all.map(({ textContent }) => textContent));
  return texts.find((text) => text.startsWith('Events per minute'));
}

const total = (rows: Drawn['history']) => rows.reduce((sum, { visits }) => sum + Number(visits), 0);
