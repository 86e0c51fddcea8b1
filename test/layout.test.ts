import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import { openDatabase } from '../src/db/open.ts';
import { openBrowser } from './support/browser.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

const channels = Array.from({ length: 20 }, (_, at) => `channel ${at}`);

/** A log of three days as CSV. */
function makeLog(): string {
  const random = mulberry32(31);
  const rows = Array.from({ length: 1500 }, (_, event_id) =>
    [
      event_id,
      Date.parse('2026-11-20T00:00Z') + between(random, 0, 3 * 86_400_000 - 1),
      between(random, 1, 40),
      favour(random, ['show', 'click', 'view']),
      favour(random, ['Film', 'News', '__proto__']),
      favour(random, ['article', 'video', '']),
      favour(random, channels),
      favour(random, ['18-25', '45+']),
    ].join(),
  );
  return ['event_id,ts,user_id,event,item_topic,item_type,source_topic,age_segment', ...rows, ''].join('\n');
}

const types = `select dt, item_type, source_topic, item_topic, count(*) as events
from log
group by dt, item_type, source_topic, item_topic`;
const chart = JSON.stringify({
  title: 'Events by type',
  width: 'container',
  height: 'container',
  data: { name: 'types' },
  params: [
    { name: 'span', value: [0, 60_000] },
    { name: 'period', value: null, bind: { element: '#period' } },
    { name: 'shown', expr: 'period || span' },
    { name: 'topics', select: { type: 'point', fields: ['item_topic'] }, bind: { element: '#topics' } },
  ],
  transform: [
    { filter: { param: 'topics' } },
    { filter: 'shown[0] <= datum.dt && datum.dt < shown[1]' },
    { aggregate: [{ op: 'sum', field: 'events', as: 'events' }], groupby: ['item_type'] },
  ],
  mark: 'bar',
  encoding: {
    y: { field: 'item_type', type: 'nominal' },
    x: { field: 'events', type: 'quantitative' },
    tooltip: [
      { field: 'item_type', title: 'Type' },
      { field: 'events', title: 'Events', format: ',d' },
    ],
  },
});

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

describe.each(kinds)('the layout in zen.json, on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();
  let page: Page;

  const lay = (path: string, text: string) => {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  };
  const layOut = (layout: object) => {
    lay('zen.json', JSON.stringify({ database, locale: 'en', ...layout }));
  };
  const zen = async (args: string[], wanted = 0) => {
    const { code, stdout, stderr } = await call(args, { cwd });
    expect([code === wanted ? '' : `${stdout}${stderr}`, code]).toEqual(['', wanted]);
    return stdout + stderr;
  };
  const count = async (what: string, where: string) => {
    const db = await openDatabase(target);
    try {
      const rows = await db.query<{ name: string | null; n: number }>(
        `select ${what} as name, count(*)::int as n from log_raw where ${where} group by 1 order by 1`,
      );
      return rows.map(({ name, n }) => [name ?? 'not set', n]).sort();
    } finally {
      await db.close();
    }
  };
  const open = async () => {
    await page.goto(pathToFileURL(join(cwd, 'page.html')).href);
    await page.reload();
    await page.waitForSelector('html[data-zen=ready]');
  };
  const drawn = async (id: string, field: string, measure: string) => {
    const rows = await page.evaluate(async (name) => {
      const panel = document.getElementById(name) as unknown as {
        data: Record<string, unknown>[];
        view: { runAsync(): Promise<unknown> };
      };
      await panel.view.runAsync();
      return panel.data;
    }, id);
    const sums = new Map<unknown, number>();
    for (const row of rows) sums.set(row[field], (sums.get(row[field]) ?? 0) + Number(row[measure]));
    return [...sums].sort();
  };

  beforeAll(async () => {
    lay('log.csv', makeLog());
    lay('sql/aggregates/types.sql', types);
    lay('templates/charts/kinds.vl.json', chart);
    layOut({ filters: ['item_topic', 'age_segment', 'source_topic', 'item_type'] });
    await zen(['restore', 'log.csv', '--create', '--yes']);
    await zen(['aggregate', '--end-dt', '2026-11-23', '--no-users']);
    page = await browser.newPage();
  }, 120_000);
  afterAll(() => page.close());

  test('makes a control of each filter, which its charts follow, push down, and keep in the link', async () => {
    expect(await zen(['render', '--out', 'page.html'])).not.toContain('slow');
    await open();
    await page.click('#source_topic summary');
    for (const name of ['channel 3', 'channel 7']) await page.click(`#source_topic .name:text-is("${name}")`);
    expect(await page.innerText('#source_topic .state')).toBe('2 of 20');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#source_topic .name >> nth=0')).toBe(false);
    const chosen = "source_topic in ('channel 3', 'channel 7')";
    expect(await drawn('history', 'item_topic', 'visits')).toEqual(await count('item_topic', chosen));
    expect(await drawn('sources', 'source_topic', 'visits')).toEqual(await count('source_topic', chosen));
    expect(await drawn('kinds', 'item_type', 'events')).toEqual(await count('item_type', chosen));
    const [, all] = (await count("'all'", chosen))[0] ?? [];
    expect(await page.innerText('[data-word=events]')).toBe(String(all));
    expect(await page.innerText('[data-word=views]')).toBe('–');
    expect(await page.innerText('#summary')).toContain('Source topic: channel 3, channel 7');
    expect(await page.innerText('#funnel .unfiltered:visible')).toBe(
      'The filter “Source topic” does not apply to this chart.',
    );
    expect(new URL(page.url()).hash).toBe('#source_topic=channel%203,channel%207');
    await page.click('#topics .name:has-text("News")');
    await page.click('#item_type .name:has-text("video")');
    await page.reload();
    await page.waitForSelector('html[data-zen=ready]');
    expect(await drawn('kinds', 'item_type', 'events')).toEqual(
      await count('item_type', `${chosen} and item_topic = 'News' and item_type = 'video'`),
    );
    await page.click('#reset');
    expect(await drawn('kinds', 'item_type', 'events')).toEqual(await count('item_type', 'true'));
    await zen(['verify', 'page.html', '--database', database]);
  });

  test('leaves out a filter that it does not name', async () => {
    layOut({ filters: ['source_topic'] });
    await zen(['render', '--out', 'page.html']);
    await open();
    expect(await page.isVisible('#source_topic')).toBe(true);
    for (const id of ['topics', 'ages']) expect(await page.isVisible(`#${id}`)).toBe(false);
    expect(await page.innerText('#summary')).not.toMatch(/topics|ages/);
    expect(readFileSync(join(cwd, 'page.html'), 'utf8')).toContain('<zen-choice id="ages"'); // the charts are bound to it
  });

  test('is followed by a chart when it changes in the process of a preview, even where the controls stay', async () => {
    lay(
      'templates/charts/ageless.vl.json',
      chart
        .replace('"types"', '"visits"')
        .replaceAll('item_type', 'item_topic')
        .replaceAll('events', 'visits'),
    );
    const isFollowed = async (filters: string[]) => {
      layOut({ filters, panels: ['history', 'ageless'] });
      await zen(['render', '--out', 'page.html']);
      return readFileSync(join(cwd, 'page.html'), 'utf8').includes('"name":"by_age_segment"');
    };
    expect(await isFollowed(['item_topic'])).toBe(false);
    expect(await isFollowed(['item_topic', 'age_segment'])).toBe(true);
    rmSync(join(cwd, 'templates/charts/ageless.vl.json'));
  });

  test('chooses the panels and their order, of which the first is large where none is', async () => {
    layOut({ panels: ['kinds', 'sources'] });
    await zen(['render', '--out', 'page.html']);
    await open();
    const panels = page.locator('zen-chart');
    expect(await panels.evaluateAll((all) => all.map(({ id }) => id))).toEqual(['kinds', 'sources']);
    expect(await page.locator('.area.main zen-chart').getAttribute('id')).toBe('kinds');
    expect(await drawn('kinds', 'item_type', 'events')).toEqual(await count('item_type', 'true'));
    expect(await page.locator('#kinds #topics .option').count()).toBe(3);
    layOut({ panels: ['sources', 'history', 'kinds'] });
    await zen(['render', '--out', 'page.html']);
    await open();
    expect(await panels.evaluateAll((all) => all.map(({ id }) => id))).toEqual([
      'history',
      'sources',
      'kinds',
    ]);
  });

  test.each([
    [
      { filters: ['sorce_topic'] },
      /filters by “sorce_topic”, which no aggregate.*Did you mean “source_topic”\?/,
    ],
    [{ filters: ['item topic'] }, /“filters\.0” is “item topic”/],
    [{ filters: ['item_topic', 'item_topic'] }, /“filters” names “item_topic” twice\. Keep one of them\./],
    [{ panels: ['histroy'] }, /the panel “histroy”, but no chart has that name\. Did you mean “history”\?/],
    [{ panels: [] }, /“panels” has 0 parts\. Name 1 or more\./],
    [{ panels: ['people'] }, /The page has no panel/],
  ])('is refused in a sentence where it is wrong: %j', async (layout, said) => {
    layOut(layout);
    expect(await zen(['render', '--out', 'other.html'], 2)).toMatch(said);
    if (!('panels' in layout && layout.panels[0] === 'people')) expect(await zen(['check'], 5)).toMatch(said);
  });

  test('refuses a filter whose control would be called as a chart, and a chart that is bound to no control', async () => {
    lay('templates/charts/item_type.vl.json', chart);
    layOut({ filters: ['item_type'] });
    expect(await zen(['render', '--out', 'other.html'], 2)).toContain('the page uses for something else');
    lay('templates/charts/item_type.vl.json', chart.replace('#topics', '#source_topic'));
    layOut({});
    expect(await zen(['render', '--out', 'other.html'], 2)).toMatch(
      /item_type\.vl\.json is bound to "#source_topic", which is not a control of the page\. It may be #period, #topics, #ages/,
    );
  });

  test('refuses a chart that is drawn within one of another switch', async () => {
    const lines = readFileSync('templates/charts/history_lines.vl.json', 'utf8');
    rmSync(join(cwd, 'templates/charts/item_type.vl.json'), { force: true });
    lay('templates/charts/lines.vl.json', lines.replace('"within": "history"', '"within": "sources"'));
    layOut({});
    expect(await zen(['render', '--out', 'other.html'], 2)).toMatch(
      /lines\.vl\.json: usermeta\.zen\.within is “sources”, which is no chart with a panel and the same switch\./,
    );
  });
});
