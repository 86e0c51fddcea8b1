import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DateTime } from 'luxon';
import type { Browser, Page } from 'playwright-core';
import { mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { Clock, findClock } from '../src/shared/text/clock.ts';
import { dayMs, hourMs, minuteMs, parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { render } from './support/page.ts';

const zones = [
  'UTC',
  'Europe/Moscow',
  'Europe/Berlin',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

describe('the clocks of a time zone', () => {
  test.each(zones)('of %s are those of another library, at 300 moments', (zone) => {
    const [clock, random] = [new Clock(zone), mulberry32(zone.length)];
    for (let one = 0; one < 300; one++) {
      const ms = Math.floor(parseTime('1970-01-01') + random() * 60 * 365 * dayMs);
      const { offset } = DateTime.fromMillis(ms, { zone });
      expect([ms, clock.ahead(ms)]).toEqual([ms, offset * minuteMs]);
      const back = clock.unshift(clock.shift(ms));
      expect(clock.shift(back)).toBe(clock.shift(ms)); // of an hour that comes twice, one of the two
    }
  });

  test.each([
    ['Europe/Moscow', '2019-10-26', '2019-10-28', 'UTC+3', [3]],
    ['America/St_Johns', '2019-09-22', '2019-09-25', 'UTC−2:30', [-2.5]],
    ['Europe/London', '2019-12-01', '2019-12-02', 'UTC', [0]],
    ['Europe/Berlin', '2019-10-26', '2019-10-28', 'Europe/Berlin', [2, '2019-10-27 01:00', 1]],
    [
      'Europe/Berlin',
      '2019-03-01',
      '2019-12-01',
      'Europe/Berlin',
      [1, '2019-03-31 01:00', 2, '2019-10-27 01:00', 1],
    ],
  ])('of %s from %s to %s have a name, and their changes', (zone, from, to, name, hours) => {
    const clock = new Clock(zone);
    const span = [parseTime(from), parseTime(to)] as const;
    expect(clock.name(...span)).toBe(name);
    const [one, before, two, between, after] = clock.steps(...span);
    const end = span[1];
    const told = [
      before / hourMs,
      ...(one < end ? [one, between / hourMs] : []),
      ...(one < two && two < end ? [two, after / hourMs] : []),
    ];
    expect(told).toEqual(hours.map((part) => (typeof part === 'string' ? parseTime(part) : part)));
  });

  test('of a zone that is not known here are those of UTC', () => {
    expect([findClock('Etc/Unknown'), findClock(3), findClock(undefined)].map(({ zone }) => zone)).toEqual([
      'UTC',
      'UTC',
      'UTC',
    ]);
    expect(findClock('Asia/Kathmandu').zone).toBe('Asia/Kathmandu');
  });

  test('of a period with more than two changes are not told to a chart', () => {
    expect(new Clock('Europe/Berlin').steps(parseTime('2019-01-01'), parseTime('2021-01-01'))).toEqual([
      0, 0, 0, 0, 0,
    ]);
  });
});

describe('a page of a night in which clocks are set back', () => {
  let db: Database;
  let browser: Browser;
  let page: Page;
  let html: string;
  const said: string[] = [];

  beforeAll(async () => {
    db = await newDatabase('embedded');
    const at = (time: string, count: number) =>
      Array.from({ length: count }, (_, user_id) => ({
        ...{ ts: parseTime(time), user_id, event: 'show' as const, item_topic: 'News' },
        ...{ source_topic: 'Home', age_segment: '18-25' },
      }));
    // In Berlin: 23:59 of the 26th, midnight, 02:30 twice, 23:59 of the 27th, midnight of the 28th.
    const times: [string, number][] = [
      ['2019-10-26 21:59', 20],
      ['2019-10-26 22:00', 1],
      ['2019-10-27 00:30', 2],
      ['2019-10-27 01:30', 4],
      ['2019-10-27 22:59', 8],
      ['2019-10-27 23:00', 10],
    ];
    await insertEvents(
      db,
      times.flatMap(([time, count]) => at(time, count)),
    );
    const window = { start: parseTime('2019-10-26'), end: parseTime('2019-10-28') };
    await aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
    ({ html } = await render(db, { locale: 'en', minCell: 1, timeZone: 'Europe/Berlin', ...window }));
    const file = join(temporaryFolder(), 'zen.html');
    writeFileSync(file, html);
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('html[data-zen=ready]');
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await db.close();
  });

  const summary = () => page.locator('#summary').textContent();
  const fields = () =>
    page.locator('#period input').evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
  const labels = async () =>
    (await page.locator('#history .role-axis-label text').allTextContents()).filter(
      (text) => !/^\d+$/.test(text),
    );
  const reset = () => page.locator('#reset').click();

  test('shows its times by these clocks, with and without its script', async () => {
    expect(/<p id="summary">([^<]*)/.exec(html)?.[1]).toMatch(
      /^October 26, 2019 at 02:00.*October 28, 2019 at 01:00 Europe\/Berlin · /,
    );
    expect(await summary()).toContain('October 28, 2019 at 01:00 Europe/Berlin');
    expect(await fields()).toEqual(['2019-10-26 02:00', '2019-10-28 01:00']);
    expect(await page.locator('.peak, .headline').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('20 on Oct 26, 23:59')]),
    );
    expect(await page.locator('#zone').textContent()).toBe('Europe/Berlin');
    expect(said).toEqual([]);
  });

  test('has days of these clocks, one of 25 hours, typed and offered', async () => {
    await page.locator('#period input').first().fill('2019-10-27');
    await page.locator('#period input').first().press('Enter');
    await page.locator('#period input').last().fill('2019-10-27');
    await page.locator('#period input').last().press('Enter');
    expect(new URL(page.url()).hash).toContain('from=2019-10-26T22:00&to=2019-10-27T23:00');
    await page.waitForFunction(() =>
      document.querySelector('#summary')?.textContent.startsWith('October 27, 2019 Eu'),
    );
    expect(await page.locator('main').textContent()).toContain('8 at 23:59');
    expect((await labels()).sort()).toEqual(['06:00', '12:00', '18:00', 'Oct 27', 'Oct 28']);
    const picked = page.locator('#period select option:checked');
    expect(await picked.textContent()).toBe('Sun, October 27');
    await reset();
  });

  test('turns to UTC and back', async () => {
    await page.locator('#zone').click();
    await page.waitForFunction(() => document.querySelector('#summary')?.textContent.includes('UTC'));
    expect(await summary()).toMatch(/^October 26.–.27, 2019 UTC · /);
    expect(await fields()).toEqual(['2019-10-26 00:00', '2019-10-28 00:00']);
    expect((await labels())[0]).toBe('Oct 26');
    await page.locator('#zone').click();
    await page.waitForFunction(() => document.querySelector('#summary')?.textContent.includes('Berlin'));
    expect(await fields()).toEqual(['2019-10-26 02:00', '2019-10-28 01:00']);
    expect(said).toEqual([]);
  });
});
