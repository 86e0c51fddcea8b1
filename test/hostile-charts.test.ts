import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TopLevelSpec } from 'vega-lite';
import { mulberry32 } from '../fixtures/random.ts';
import { openServer } from '../src/db/server.ts';
import { messageOf, ZenError } from '../src/errors.ts';
import { compileChart, drawFirst, runWithin } from '../src/render/charts.ts';
import { requireFields } from '../src/render/fields.ts';
import { requireHarmless } from '../src/render/harmless.ts';
import { readLocale } from '../src/render/locale.ts';
import { addFilters } from '../src/render/panels.ts';
import type { Json } from '../src/render/panels.ts';
import { mapValues } from '../src/shared/known.ts';
import { openBrowser } from './support/browser.ts';
import { cases } from './support/cases.ts';
import { newTarget, temporaryFolder } from './support/databases.ts';
import { payload, tables } from './support/invented.ts';
import { insertEvents } from './support/log.ts';
import { call } from './support/zen.ts';

type Chart = Record<string, Json>;

const asked: string[] = [];
const server = createServer(({ url = '' }, answer) => {
  asked.push(url);
  answer.end('[]');
});
const folder = temporaryFolder();
const secret = 'a secret of this machine';
let outside: string[];

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const file = join(folder, 'secret.json');
  writeFileSync(file, JSON.stringify([{ item_topic: secret, k: 'a', v: secret }]));
  outside = [`http://127.0.0.1:${port}/`, `//127.0.0.1:${port}/x`, pathToFileURL(file).href, file];
});

afterAll(() => {
  server.close();
});

const plain = (): Chart => ({
  title: 'Bars',
  usermeta: { zen: { area: 'wide', order: 9 } },
  width: 'container',
  height: 'container',
  data: { name: 'visits' },
  transform: [{ calculate: 'datum.visits * 2', as: 'twice' }],
  mark: { type: 'bar' },
  encoding: {
    x: { field: 'item_topic', type: 'nominal' },
    y: { aggregate: 'sum', field: 'twice', type: 'quantitative' },
  },
});

const endless = ["format(1, '1000000000')", "format(1, '0' + 999999999)", "utcSequence('milliseconds', 0, 1e12)", "pluck(data('visits'), 'visits')", 'sequence(1e12)', "pad('a', 1e12, 'b')", 'length(sequence(0, 1, 1e-12))', "test(/(a+)+$/, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')", "test(regexp('(a|a)*$'), 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')"]; // prettier-ignore
const escapes = ["datum.constructor.constructor('globalThis.hit = 1')()", "datum['__proto__']['toString']['constructor']('globalThis.hit = 1')()", "''.sub.constructor('globalThis.hit = 1')()", "event.view.eval('globalThis.hit = 1')", "item.mark.group.context.dataflow.loader().load('file:///etc/passwd')", "scale('x').constructor('globalThis.hit = 1')()", "[].concat.call.constructor('globalThis.hit = 1')()", 'this.constructor', "modify('visits', datum)", "merge({}, {'__proto__': {hit: 1}}).hit"]; // prettier-ignore
const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '</script><script>globalThis.hit = 1</script>', '<img src=x onerror="globalThis.hit = 1">', 'javascript:globalThis.hit = 1', '\u202e', '']; // prettier-ignore

/** Ways to make a chart hostile; each gives a change of a part of it. */
function makeHostile(random: () => number): Chart {
  const one = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const chart = plain() as Chart & {
    encoding: Chart;
    mark: Chart;
    transform: Json[];
    usermeta: { zen: Chart };
  };
  const url = () => one(outside);
  const text = () => one([...odd, ...escapes, url(), `url(${url()})`]);
  const expression = () => one([...escapes, ...endless]);
  const ways: (() => void)[] = [
    () => (chart.data = { url: url() }),
    () => (chart.data = { name: 'visits', url: url(), format: { type: one(['json', 'csv']) } }),
    () => (chart.data = { sequence: { start: 0, stop: 1e12, step: 1, as: 'twice' } }),
    () => (chart.datasets = { visits: [{ item_topic: text(), visits: 1e308 }], [text()]: [] }),
    () =>
      chart.transform.push({ lookup: 'item_topic', from: { data: { url: url() }, key: 'k', fields: ['v'] } }),
    () => chart.transform.push({ calculate: expression(), as: text() }),
    () => chart.transform.push({ filter: expression() }),
    () => chart.transform.push({ impute: 'visits', key: 'dt', keyvals: { start: 0, stop: 1e12, step: 1 } }),
    () => chart.transform.push({ density: 'visits', steps: 1e12, extent: [0, 1e12] }),
    () => chart.transform.push({ bin: { maxbins: 1e12, step: 1e-9 }, field: 'visits', as: text() }),
    () => (chart.mark = { type: 'image', url: url() }),
    () => (chart.mark = { type: 'bar', href: text(), cursor: text(), fill: text() }),
    () => (chart.mark = { type: 'text', font: text(), text: text() }),
    () => (chart.mark = { type: 'bar', tooltip: { signal: `{image: '${url()}'}` } }),
    () =>
      (chart.encoding[one(['url', 'href', 'tooltip', 'description', 'text', 'fill'])] = { value: text() }),
    () => (chart.encoding.tooltip = { value: { image: url(), title: text() } }),
    () =>
      (chart.encoding.x = {
        field: text(),
        type: 'nominal',
        axis: { title: text(), labelExpr: expression() },
      }),
    () => (chart.encoding.y = { field: 'visits', type: 'quantitative', axis: { tickCount: 1e12, values: { expr: expression() } } }), // prettier-ignore
    () => (chart.params = [{ name: text(), value: text(), bind: { input: 'range', name: text() } }]),
    () => (chart.params = [{ name: 'q', value: 1, bind: { element: one(['body', 'script', '#topics']) } }]),
    () => (chart.params = [{ name: 'q', expr: expression() }]),
    () => (chart.params = [{ name: 'q', select: { type: 'point', on: one(['timer:1', 'window:load']) } }]),
    () => (chart.config = { background: text(), view: { fill: text() }, text: { font: text() } }),
    () => (chart.usermeta.zen[one([...odd, 'area', 'finding', 'columns', 'sort', 'title'])] = text()),
    () => Object.assign(chart.usermeta, { embedOptions: { [one(['loader', 'sourceHeader', 'config', 'patch', 'hover'])]: url() } }), // prettier-ignore
    () => (chart[text()] = text()),
    () =>
      chart.transform.push(
        { calculate: 'sequence(100000)', as: 'l' },
        { flatten: ['l'] },
        { flatten: ['l'] },
      ),
    () => chart.transform.push({ calculate: '{length: 1e12}', as: 'l' }, { flatten: ['l'] }),
    () => chart.transform.push(...Array.from({ length: 9 }, (_, at) => ({ fold: Array.from({ length: 50 }, (_, of) => `f${of}`), as: [`k${at}`, 'v'] }))), // prettier-ignore
    () => chart.transform.push(...Array.from({ length: 40 }, () => ({ calculate: "'' + datum.l + datum.l", as: 'l' })), { filter: "indexof(datum.l, 'y') > 0" }), // prettier-ignore
    () => chart.transform.push({ quantile: 'visits', step: one([1e-9, 1e-5]), groupby: ['dt'] }),
    () =>
      chart.transform.push({
        impute: 'visits',
        key: 'visits',
        keyvals: { start: 0, stop: 1e5 },
        groupby: ['dt'],
      }),
    () => chart.transform.push({ joinaggregate: [{ op: 'values', as: 'l' }] }, { flatten: ['l'] }, { joinaggregate: [{ op: 'values', as: 'l' }] }, { flatten: ['l'] }), // prettier-ignore
    () => chart.transform.push({ regression: 'visits', on: 'dt', method: 'poly', order: one([30, 1e6]) }),
    () => (chart.data = { graticule: { step: [1e-6, 1e-6] } }),
    () => (chart.encoding.x = { field: 'dt', type: 'temporal', axis: { tickCount: { interval: one(['millisecond', 'second']), step: 1 } } }), // prettier-ignore
    () => (chart.encoding.x = { field: 'visits', bin: { step: one([1e-9, 1e-3]) } }),
    () => (chart.encoding.y = { field: 'visits', type: 'quantitative', axis: { format: one(['1000000000', '0>999999999d']) } }), // prettier-ignore
    () => (chart.title = { text: text(), subtitle: text(), font: text() }),
  ];
  for (let time = 0; time < 1 + Math.floor(2 * random()); time++) one(ways)();
  return chart;
}

const described = mapValues(payload.tables, ({ fields, measure }) => ({ fields, measure }));

/** Draws a chart as `zen render` does. */
async function draw(chart: Chart): Promise<string> {
  requireHarmless('mine', chart);
  const source = addFilters(chart as unknown as TopLevelSpec, payload.tables);
  requireFields('mine', source, described);
  const compiled = compileChart('mine', source, described);
  const { svg } = await drawFirst(compiled, tables, readLocale('en'));
  return svg + JSON.stringify(compiled);
}

/** Those that are drawn, for a page. */
const drawable: Chart[] = [];

test('charts of strangers ask for nothing, read nothing, run nothing and end', async () => {
  expect(await draw(plain())).toContain('<svg');
  const random = mulberry32(25);
  const outcomes = { drawn: 0, refused: 0, undrawable: 0 };
  for (let time = 0; time < cases(1000, 300); time++) {
    const chart = makeHostile(random);
    try {
      expect(await draw(chart)).not.toContain(secret);
      outcomes.drawn++;
      drawable.push(chart);
    } catch (error) {
      // Errors of Vega's own are told by render with the file's name.
      if (error instanceof ZenError) outcomes.refused++;
      else outcomes.undrawable++;
      if (error instanceof ZenError) expect(error.message).toMatch(/^templates\/charts\/mine\.vl\.json/);
      else expect(messageOf(error)).not.toContain('Exceeded timeout');
    }
  }
  expect([asked, 'hit' in globalThis, 'hit' in {}]).toEqual([[], false, false]);
  expect(outcomes.drawn).toBeGreaterThan(20);
  expect(outcomes.refused).toBeGreaterThan(100);
}, 300_000);

const harmful: [what: string, change: Chart, why: RegExp][] = [
  ['a URL of data', { data: { url: 'https://example.org/a.json' } }, /asks for a URL, and a page has no network: take out data\.url/], // prettier-ignore
  [
    'a picture',
    { mark: { type: 'image' } },
    /draws pictures, and a page has no network: take out mark\.type/,
  ],
  ['a link', { mark: { type: 'bar', href: 'https://example.org' } }, /take out mark\.href/],
  ['a change of the data', { transform: [{ filter: "modify('visits', datum)" }] }, /changes the data that it draws: take out transform\.0\.filter/], // prettier-ignore
  ['a change of data by another name', { transform: [{ calculate: "setdata ('visits', [])", as: 'a' }] }, /changes the data that it draws: take out transform\.0\.calculate/], // prettier-ignore
  ['a list without end', { data: { sequence: { start: 0, stop: 1e9 } } }, /makes more than 100000 of something: take out data\.sequence/], // prettier-ignore
  ['a format without end', { encoding: { x: { field: 'visits', axis: { format: '0>999999999d' } } } }, /makes more than 100000 of something: take out encoding\.x\.axis\.format/], // prettier-ignore
  ['a search of one of several again and again', { transform: [{ filter: "test(/^(?:x|(a|a)y)*$/, 'a')" }] }, /may never end: take out transform\.0\.filter/], // prettier-ignore
  ['a search in a search', { transform: [{ filter: "test(/(a+)+$/, 'a')" }] }, /may never end: take out transform\.0\.filter/], // prettier-ignore
];

test.each(harmful)('%s is refused with its place in the file', (_, change, why) => {
  expect(() => {
    requireHarmless('mine', { ...plain(), ...change });
  }).toThrow(why);
});

const beyond: [what: string, transform: Json[], why: RegExp][] = [
  ['rows of rows', [{ calculate: 'sequence(100000)', as: 'l' }, { flatten: ['l'] }], /cannot be drawn: sequence would be of|would make/], // prettier-ignore
  ['rows of a length', [{ calculate: '{length: 1e12}', as: 'l' }, { flatten: ['l'] }], /cannot be drawn: flatten would make \d+ rows, which are too many/], // prettier-ignore
  ['a long number', [{ calculate: "format(1, '0' + 999999999)", as: 'l' }], /cannot be drawn: format would be of 999999999/], // prettier-ignore
  ['what pages do not have', [{ regression: 'visits', on: 'dt' }], /uses the transform “regression”, which a page does not have/], // prettier-ignore
];

test.each(beyond)('%s are refused before a page is written', async (_, transform, why) => {
  await expect(draw({ ...plain(), transform: [...(plain().transform as Json[]), ...transform] })).rejects.toThrow(why); // prettier-ignore
});

test('a calculation is ended that takes too long', () => {
  const forever = () => {
    for (;;);
  };
  expect(() => {
    runWithin(forever, 0.1);
  }).toThrow('it calculates for more than 0.1 s');
});

test.each(["test(/^(ab)+(c|d)[)+]$/, 'a')", 'datum.visits/(datum.visits)*2/3', "'(a+)+'"])(
  'what ends is let through: %s',
  (filter) => {
    requireHarmless('mine', { ...plain(), transform: [{ filter }] });
  },
);

test('what is drawn of them asks for nothing in a page, and runs nothing', async () => {
  const cwd = temporaryFolder();
  const own = newTarget('server');
  const database = own.kind === 'server' ? own.url : '';
  const db = await openServer(database, { create: true });
  const names = { item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
  const [ts, user_id] = [Date.UTC(2026, 10, 1), 1];
  await insertEvents(
    db,
    ['a', 'd'].map((item_topic) => ({ ts, user_id, ...names, item_topic })),
  );
  await db.close();
  mkdirSync(join(cwd, 'templates/charts'), { recursive: true });
  const charts = drawable.map((_, at) => `c${at}`);
  for (const [at, name] of charts.entries())
    writeFileSync(join(cwd, `templates/charts/${name}.vl.json`), JSON.stringify(drawable[at]));
  const failing = {
    ...plain(),
    params: [
      { name: 'topics', select: { type: 'point', fields: ['item_topic'] }, bind: { element: '#topics' } },
    ],
    transform: [
      { filter: { param: 'topics' } },
      { calculate: 'topics.item_topic ? topics.item_topic[9].length : datum.visits', as: 'twice' },
    ],
  };
  writeFileSync(join(cwd, 'templates/charts/failing.vl.json'), JSON.stringify(failing));
  writeFileSync(join(cwd, 'zen.json'), JSON.stringify({ panels: ['history', 'failing', ...charts] }));
  expect(await call(['aggregate', '--database', database, '--start-dt', '2026-11-01', '--end-dt', '2026-11-02'], { cwd })).toMatchObject({ code: 0 }); // prettier-ignore
  const rendered = await call(['render', '--database', database, '--min-cell', '1', '-o', 'zen.html'], {
    cwd,
  });
  expect([rendered.code, rendered.stderr]).toEqual([0, expect.any(String)]);
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      Object.assign(globalThis, { violated: `${violatedDirective} ${blockedURI}` });
    });
  });
  const url = pathToFileURL(join(cwd, 'zen.html')).href;
  await page.goto(url);
  await page.waitForSelector('html[data-zen=ready]');
  for (const chart of charts) await page.dispatchEvent(`#${chart} .view`, 'mousemove');
  expect(await page.evaluate(() => ['hit' in globalThis, 'violated' in globalThis])).toEqual([false, false]);
  expect(requests).toEqual([url]);
  const told = () =>
    page.$$eval('.failed', (all) => all.flatMap((one) => (one.checkVisibility() ? one.textContent : [])));
  expect(await told()).toEqual([]);
  const frames = () =>
    page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      const table = document.querySelector<HTMLElement & { value: string[] | null }>('#topics');
      const history = document.querySelector('#history') as unknown as { data: { item_topic: string }[] };
      if (table) table.value = ['d'];
      let count = 0;
      while (history.data.some(({ item_topic }) => item_topic !== 'd')) [count] = [count + 1, await frame()];
      if (table) table.value = null;
      await frame();
      return count;
    });
  expect(await frames()).toBeLessThan(5);
  await page.$eval('#topics', (topics) => Object.assign(topics, { value: ['a'] }));
  await page.waitForSelector('#failing.is-failed', { timeout: 10_000 });
  const failed = ['Этот график построить не удалось.'];
  expect(await told()).toEqual(failed);
  // One that a browser cannot even begin to draw: zen refuses it, and so it is put into a page that was made.
  const broken = readFileSync(join(cwd, 'zen.html'), 'utf8').replace(
    /("type":"formula")(?=[^}]*"as":"twice")/,
    '"type":"none"',
  );
  writeFileSync(join(cwd, 'broken.html'), broken);
  await page.goto(pathToFileURL(join(cwd, 'broken.html')).href);
  await page.waitForSelector('html[data-zen=ready]');
  expect(await told()).toEqual(failed);
  expect(await frames()).toBeLessThan(5);
  await browser.close();
}, 240_000);
