import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { openDatabase } from '../src/db/open.ts';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import type { Settings } from '../src/shared/settings.ts';
import { openBrowser } from './support/browser.ts';
import { kinds, newTarget, newUrl, temporaryFolder } from './support/databases.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { call } from './support/zen.ts';

/** The three files of a dashboard of one's own: a project, an aggregate and a chart. */
const files = {
  'zen.json': '{}\n',
  'sql/aggregates/types.sql': `select dt, item_topic, age_segment, item_type, count(*) as events
from log
group by dt, item_topic, age_segment, item_type;
-- additive: false
`,
  'templates/charts/hours.vl.json': JSON.stringify({
    title: 'Events by hour of day and topic',
    width: 'container',
    height: 'container',
    data: { name: 'types' },
    usermeta: {
      zen: { area: 'wide', finding: 'largest of item_topic', sort: ['-events', 'hour', 'item_topic'] },
      embedOptions: { renderer: 'canvas', padding: 7, config: { background: '#fedcba' } },
    },
    params: [
      { name: 'span', value: [0, 60_000] },
      { name: 'period', value: null, bind: { element: '#period' } },
      { name: 'shown', expr: 'period || span' },
      { name: 'step', value: 3_600_000 },
      { name: 'topics', select: { type: 'point', fields: ['item_topic'] }, bind: { element: '#topics' } },
      { name: 'ages', select: { type: 'point', fields: ['age_segment'] }, bind: { element: '#ages' } },
    ],
    transform: [
      { filter: { param: 'topics' } },
      { filter: { param: 'ages' } },
      { filter: 'shown[0] <= datum.dt && datum.dt < shown[1]' },
      { calculate: 'floor(datum.dt / step) * step', as: 'from' },
      {
        aggregate: [{ op: 'sum', field: 'events', as: 'events' }],
        groupby: ['from', 'item_topic', 'item_rank'],
      },
      { calculate: 'utchours(datum.from)', as: 'hour' },
      {
        aggregate: [{ op: 'sum', field: 'events', as: 'events' }],
        groupby: ['hour', 'item_topic', 'item_rank'],
      },
    ],
    mark: 'rect',
    encoding: {
      x: { field: 'hour', type: 'ordinal' },
      y: { field: 'item_topic', type: 'nominal' },
      color: { field: 'events', type: 'quantitative' },
      tooltip: [
        { field: 'hour', title: 'Hour, UTC', format: 'd' },
        { field: 'item_topic', title: 'Topic' },
        { field: 'events', title: 'Events', format: ',d' },
      ],
    },
  }),
};

function layFiles(folder: string, own: Record<string, string>): void {
  for (const [path, content] of Object.entries(own)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** A log of three days as CSV, with names that are missing. */
function makeLog(): string {
  const random = mulberry32(24);
  const rows = Array.from({ length: 1500 }, (_, event_id) => {
    const ts = Date.parse('2026-11-20T00:00Z') + between(random, 0, 3 * 86_400_000 - 1);
    const names = [
      favour(random, ['show', 'click', 'view']),
      favour(random, ['Кино', 'Наука', 'Шоу', '__proto__']),
      favour(random, ['article', 'video', '']),
      favour(random, ['Дети', 'Спорт']),
      favour(random, ['18-25', '45+']),
    ];
    return [event_id, ts, between(random, 1, 40), ...names].join();
  });
  return ['event_id,ts,user_id,event,item_topic,item_type,source_topic,age_segment', ...rows, ''].join('\n');
}

interface Row {
  hour: number;
  item_topic: string;
  events: number;
}

const inOrder = (rows: readonly Row[]) =>
  rows.map(({ hour, item_topic, events }) => `${hour} ${item_topic} ${events}`).sort();

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

describe.each(kinds)('an aggregate and a chart of one’s own, on the %s database', (kind) => {
  const target = newTarget(kind);
  const address = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();
  const file = join(cwd, 'page.html');
  let page: Page;
  let told: { status: string; stderr: string };

  const zen = async (args: string[], wanted = 0) => {
    const { code, stdout, stderr } = await call([...args, '--database', address], { cwd });
    expect([code === wanted ? '' : `${stdout}${stderr}`, code]).toEqual(['', wanted]);
    return { stdout, stderr };
  };
  const query = async <T>(statement: string): Promise<readonly T[]> => {
    const db = await openDatabase(target);
    try {
      return await db.query<T & Record<string, unknown>>(statement);
    } finally {
      await db.close();
    }
  };
  const countHours = async (where: string) =>
    inOrder(
      await query<Row>(
        `select mod(ts / 3600000, 24)::int as hour, item_topic, count(*)::int as events
         from log_raw where ${where} group by 1, 2`,
      ),
    );
  const drawn = () =>
    page.evaluate(async () => {
      const panel = document.querySelector('#hours') as unknown as {
        data: Row[];
        view: { runAsync(): Promise<unknown> };
      };
      await panel.view.runAsync();
      return panel.data;
    });
  const choose = (id: string, value: unknown) =>
    page.evaluate(
      ([name, wanted]) => {
        (document.getElementById(String(name)) as unknown as { value: unknown }).value = wanted;
      },
      [id, value],
    );

  beforeAll(async () => {
    writeFileSync(join(cwd, 'log.csv'), makeLog());
    await zen(['restore', 'log.csv', '--create', '--yes']);
    await zen(['aggregate', '--end-dt', '2026-11-23']);
    layFiles(cwd, files);
    told = { status: (await zen(['status'])).stdout, stderr: '' };
    await zen(['aggregate', '--end-dt', '2026-11-23']);
    told.stderr = (await zen(['render', '--out', file, '--locale', 'en'])).stderr;
    page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('html[data-zen=ready]');
  }, 120_000);
  afterAll(() => page.close());

  test('are caught up with: status names the new aggregate, and the next run fills its table as SQL counts', async () => {
    expect(told.status).toMatch(/types/);
    const count = (select: string) =>
      query<{ item_type: string; events: number }>(`${select} group by 1 order by 1`);
    const wanted = await count('select item_type, count(*)::int as events from log_raw');
    expect(wanted).toHaveLength(3);
    expect(await count('select item_type, sum(events)::int as events from dash_types')).toEqual(wanted);
    expect(cellsOf(readPayload(readFileSync(file, 'utf8')), 'types').sums.at(-1)).toBe(1500);
  });

  test('are in the page, which follows all three controls', async () => {
    expect(inOrder(await drawn())).toEqual(await countHours('true'));
    await choose('topics', ['Кино', '__proto__']);
    await choose('ages', ['45+']);
    const [from, to] = [Date.parse('2026-11-20T09:30Z'), Date.parse('2026-11-22T20:10Z')];
    await choose('period', [from, to]);
    const wanted = await countHours(
      `item_topic in ('Кино', '__proto__') and age_segment = '45+' and ts >= ${from} and ts < ${to}`,
    );
    expect(wanted.length).toBeGreaterThan(10);
    expect(inOrder(await drawn())).toEqual(wanted);
    const [largest] = await query<{ topic: string; events: number; share: string }>(
      `select item_topic as topic, count(*)::int as events, round(100.0 * count(*) / sum(count(*)) over (), 1)::text as share
       from log_raw
       where item_topic in ('Кино', '__proto__') and age_segment = '45+' and ts >= ${from} and ts < ${to}
       group by 1 order by 2 desc limit 1`,
    );
    expect(await page.textContent('#hours .finding')).toBe(
      `The largest of 2\u00a0topics is ${largest?.topic ?? ''}: ${largest?.events ?? 0}\u00a0events, ${largest?.share ?? ''}%.`,
    );
    for (const id of ['topics', 'ages', 'period']) await choose(id, null);
    expect(await page.textContent('#hours h2')).toBe('Events by hour of day and topic');
  });

  test('are labelled where the aggregate says that it does not add up', async () => {
    const notes = await page.$$eval('.unfiltered:not([hidden])', (all) =>
      all.map((note) => [note.closest('zen-chart')?.id, note.textContent]),
    );
    expect(notes).toEqual([
      ['hours', expect.stringContaining('Added up, they may count the same more than once')],
    ]);
  });

  test('are mounted by vega-embed, with the options that the chart’s file gives it', async () => {
    const mounted = await page.$eval('#hours .vega-embed', (place) => {
      const { view } = place.closest('#hours') as unknown as {
        view: { padding(): unknown; background(): string };
      };
      return {
        canvas: place.querySelectorAll('canvas').length,
        padding: view.padding(),
        background: view.background(),
      };
    });
    expect(mounted).toMatchObject({ canvas: 1, background: '#fedcba' });
    expect(mounted.padding).toEqual({ top: 7, bottom: 7, left: 7, right: 7 });
    expect(await page.$$('#history .vega-embed > svg')).toHaveLength(1);
  });

  test('are answered from columns, and taken away as CSV', async () => {
    expect(told.stderr).not.toMatch(/slow/);
    const settings = /id="settings">([^<]*)</.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    const { charts } = JSON.parse(settings) as Settings;
    const data = charts.find(({ panel }) => panel.name === 'hours')?.spec.data ?? [];
    expect(data.flatMap(({ transform = [] }) => transform.map(({ type }) => type as string))).toContain(
      'cube',
    );
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('#hours [data-take=csv]'),
    ]);
    const [header, ...lines] = (await text(await download.createReadStream())).trim().split('\r\n');
    expect(header).toBe('"Hour UTC","Topic","Events"');
    expect(lines.map((line) => line.replaceAll('"', '').replaceAll(',', ' ')).sort()).toEqual(
      await countHours('true'),
    );
  });

  test('are verified, row by row, and pruned with the others', async () => {
    await zen(['verify', file]);
    await query('update dash_types set events = events + 1 where dt = (select min(dt) from dash_types)');
    expect((await zen(['verify', file], 5)).stdout).toContain('dash_types');
    await zen(['prune', '--prune-aggregates', '1d', '--yes']);
    expect(await query('select count(*)::int as rows from dash_types')).toEqual([{ rows: 0 }]);
  });
});

test('an aggregate in the place of the one that counts users is filled by its own statement, people counted or not', async () => {
  const [cwd, target] = [temporaryFolder(), newTarget('embedded')];
  if (target.kind !== 'embedded') throw new Error('It is embedded.');
  const shipped = readFileSync('sql/aggregates/engagement.sql', 'utf8');
  layFiles(cwd, {
    'zen.json': '{}',
    'sql/aggregates/engagement.sql': shipped.replace('from log\n', "from log\n  where event <> 'view'\n"),
    'log.csv': makeLog(),
  });
  for (const args of [
    ['restore', 'log.csv', '--yes'],
    ['aggregate', '--end-dt', '2026-11-23', '--users'],
  ])
    expect(await call([...args, '--database', target.folder], { cwd })).toMatchObject({ code: 0 });
  const db = await openDatabase(target);
  const rows = `select event, sum(users)::int as users from (
      select event, count(distinct user_id) as users from log_raw
      group by event, item_topic, age_segment, ts / 60000
    ) as cells group by 1 order by 1`;
  const wanted = (await db.query<{ event: string }>(rows)).filter(({ event }) => event !== 'view');
  expect(wanted).toHaveLength(2);
  expect(
    await db.query(
      'select event, sum(unique_users)::int as users from dash_engagement group by 1 order by 1',
    ),
  ).toEqual(wanted);
  expect((await db.query('select from dash_users limit 1')).length).toBe(1);
  await db.close();
}, 60_000);

test('a chart that cannot follow a filter says so as soon as that is set, and shows all', async () => {
  const [cwd, target] = [temporaryFolder(), newTarget('embedded')];
  if (target.kind !== 'embedded') throw new Error('It is embedded.');
  const { 'templates/charts/hours.vl.json': chart, ...others } = files;
  layFiles(cwd, {
    ...others,
    'sql/aggregates/types.sql': 'select dt, item_topic, count(*) as events from log group by dt, item_topic;',
    'templates/charts/hours.vl.json': chart,
    'log.csv': makeLog(),
  });
  for (const args of [
    ['restore', 'log.csv', '--yes'],
    ['aggregate', '--end-dt', '2026-11-23'],
    ['render', '--locale', 'en', '--out', 'zen.html'],
  ])
    expect(await call([...args, '--database', target.folder], { cwd })).toMatchObject({ code: 0 });
  const page = await browser.newPage();
  await page.goto(pathToFileURL(join(cwd, 'zen.html')).href);
  await page.waitForSelector('html[data-zen=ready]');
  const note = page.locator('#hours .unfiltered');
  expect(await note.isVisible()).toBe(false);
  await page.click('#ages button.name');
  await note.waitFor({ state: 'visible' });
  expect(await note.innerText()).toBe('The filter by age does not apply to this chart.');
  const sum = await page.evaluate(() =>
    (document.querySelector('#hours') as unknown as { data: Row[] }).data.reduce(
      (all, { events }) => all + events,
      0,
    ),
  );
  expect(sum).toBe(1500);
  await page.close();
}, 60_000);

describe('a mistake', () => {
  const env = { ZEN_DATABASE_URL: newUrl() };

  beforeAll(async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'log.csv'), makeLog());
    for (const args of [
      ['restore', 'log.csv', '--create'],
      ['aggregate', '--end-dt', '2026-11-23'],
    ])
      expect(await call(args, { cwd, env })).toMatchObject({ code: 0 });
  });

  test.each([
    ['templates/charts/hours.vl.json', '{', 2, /templates\/charts\/hours\.vl\.json is not JSON: /],
    [
      'templates/charts/hours.vl.json',
      '{"data": {"name": "visits"}, "mark": "bar", "usermeta": {"zen": {"aria": "main"}}}',
      2,
      /hours\.vl\.json: usermeta\.zen has “aria”, which Zen does not know\. Did you mean “area”\?/,
    ],
    [
      'templates/charts/hours.vl.json',
      '{"data": {"name": "visits"}, "mark": "bar", "usermeta": {"zen": {"area": "top"}}}',
      2,
      /hours\.vl\.json: usermeta\.zen\.area cannot be "top"\./,
    ],
    [
      'templates/charts/hours.vl.json',
      '{"data": {"name": "visits"}, "mark": "bar", "usermeta": {"embedOptions": {"patch": "http://localhost/"}}}',
      2,
      /hours\.vl\.json: usermeta\.embedOptions has “patch”, which a page does not accept\. It accepts config, hover, padding, renderer\./,
    ],
    [
      'templates/charts/hours.vl.json',
      '{"data": {"name": "visits"}, "mark": "bar", "usermeta": {"embedOptions": {"config": "http://localhost/"}}}',
      2,
      /hours\.vl\.json: usermeta\.embedOptions\.config cannot be "http:\/\/localhost\/"\./,
    ],
    [
      'templates/charts/hours.vl.json',
      files['templates/charts/hours.vl.json']
        .replace('largest of item_topic', 'largest of topic')
        .replace('"types"', '"visits"')
        .replace('"field":"events"', '"field":"visits"'),
      2,
      /hours\.vl\.json: the finding “largest of topic” needs names in topic and numbers in visits\. Its rows have .+\. Name those: /,
    ],
    [
      'templates/charts/hours.vl.json',
      files['templates/charts/hours.vl.json'].replace('"types"', '"vists"'),
      2,
      /hours\.vl\.json draws “vists”, but no aggregate has that name\. Did you mean “visits”\?/,
    ],
    [
      'templates/charts/hours.vl.json',
      files['templates/charts/hours.vl.json'].replace('"types"', '"visits"'),
      2,
      /hours\.vl\.json uses the field “events”, which its data do not have\. There are dt, item_topic, /,
    ],
    [
      'templates/charts/hours.vl.json',
      files['templates/charts/hours.vl.json']
        .replace('"types"', '"visits"')
        .replaceAll('"field":"events"', '"field":"visits"')
        .replaceAll('item_topic', 'item_topics'),
      2,
      /hours\.vl\.json uses the field “item_topics”, which its data do not have\. Did you mean “item_topic”\?/,
    ],
  ])(
    'in %s is a sentence, and nothing is written: %s',
    async (path, content, code, said) => {
      const cwd = temporaryFolder();
      layFiles(cwd, { 'zen.json': '{}', [path]: content });
      const found = await call(['render', '--quiet', '--out', 'zen.html'], { cwd, env });
      expect(found).toMatchObject({ code, stdout: '' });
      expect(found.stderr).toMatch(said);
      expect(existsSync(join(cwd, 'zen.html'))).toBe(false);
    },
    60_000,
  );
});

/** Only root can give files away. */
const whenRoot = process.getuid?.() === 0 ? test : test.skip;

whenRoot.each(['zen.json', 'sql/aggregates', 'sql/aggregates/types.sql'])(
  'what another user has put into a shared folder is not run: %s',
  async (planted) => {
    const cwd = temporaryFolder();
    layFiles(cwd, { 'zen.json': '{}', 'sql/aggregates/types.sql': files['sql/aggregates/types.sql'] });
    expect(await call(['status'], { cwd })).not.toMatchObject({ code: 2 });
    chmodSync(dirname(join(cwd, planted)), 0o1777);
    chownSync(join(cwd, planted), 65534, 65534);
    const { code, stderr } = await call(['status'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${planted} belongs to another user`)]);
  },
);
