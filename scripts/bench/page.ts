// Opens pages of an hour to a week of minutes in a browser, and times what a reader does in them: as zen makes them, and with
// the same charts as Vega-Lite compiles them, on row objects. The days are those of a busy site (busy.ts), but for the first page.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openServer } from '../../src/db/server.ts';
import { compileChart, readChart } from '../../src/render/charts.ts';
import { readLocale } from '../../src/render/locale.ts';
import { readSettings } from '../../src/render/manifest.ts';
import { tableOf, tabulatePayload, toRows } from '../../src/shared/data/table.ts';
import type { Settings } from '../../src/shared/settings.ts';
import { translator } from '../../src/shared/text/messages.ts';
import { findBrowser, launchBrowser, serveBrowser } from '../../test/support/browser.ts';
import { callOf, engines, lackOf, openEngine } from '../../test/support/engines.ts';
import type { EnginePage } from '../../test/support/engines.ts';
import { readPayload } from '../../test/support/payload.ts';
import { startServer } from '../../test/support/postgres.ts';
import { dayMinutes, hourMs, isoTime, minuteMs } from '../../src/time.ts';
import type { Window } from '../../src/time.ts';
import { fillMinutes } from './busy.ts';
import { measure, median } from './measure.ts';

/** Minutes of each page beside the fixture's own 34; a minute has some 2,000 rows. */
const sizes = { hour: 0, '300k': 164, day: 1440, week: 10_080 };
type Size = keyof typeof sizes;

/** Plain Vega needs seconds for a click on a day, and a week's row objects do not fit. */
const plainSizes: readonly Size[] = ['hour', '300k', 'day'];

/** Clicks of each kind, of which there are three. */
const clicks = { zen: 45, plain: 15 };
/** The start of the week, a Monday; the short pages are of its first noon. */
const monday = Date.UTC(2026, 10, 16);

interface Made {
  seconds: number;
  megabytes: number;
}

interface Times {
  first: number;
  ready: number;
  heap: number;
  topic: number[];
  age: number[];
  brush: number[];
}

/** @param bin the folder of PostgreSQL's programs */
export async function benchPage(bin: string): Promise<void> {
  const browser = await launchBrowser(await findBrowser());
  const found: Record<string, unknown>[] = [];
  try {
    await makePages(bin, Object.keys(sizes) as Size[], async (size, file, made) => {
      found.push(await compare(browser, size, file, made));
    });
  } finally {
    await browser.close();
  }
  mkdirSync('output', { recursive: true });
  writeFileSync('output/bench-page.json', `${JSON.stringify(found, null, 2)}\n`);
}

/** The same clicks in each browser that the machine has, and how many times as long as Chromium it takes. */
export async function benchEngines(bin: string): Promise<void> {
  const browser = await serveBrowser(await findBrowser());
  process.env.ZEN_TEST_BROWSER = browser.wsEndpoint();
  await makePages(bin, ['hour', 'day', 'week'], async (size, file) => {
    let chromium: number[] | undefined;
    for (const name of engines) {
      const lack = lackOf(name);
      if (lack !== null) {
        console.log(`engines, ${size}: ${name} is left out, for want of ${lack}`);
        continue;
      }
      const engine = await openEngine(name);
      const { ready, ...actions } = await useEngine(engine.page, file);
      await engine.close();
      const all = [ready, ...Object.values(actions)];
      chromium ??= all.map(median);
      const told = ['live', ...Object.keys(actions)].map((action, at) => {
        const times = all[at] ?? [];
        const ratio = median(times) / (chromium?.[at] ?? NaN);
        return `${action} ${median(times).toFixed(0)} (p95 ${quantile(times, 0.95).toFixed(0)}, × ${ratio.toFixed(2)})`;
      });
      console.log(`engines, ${size}, ${name} ${engine.version}: ${told.join(', ')} ms`);
    }
  });
  await browser.close();
}

/** @param use is given each page, with what rendering it took */
async function makePages(
  bin: string,
  names: readonly Size[],
  use: (size: Size, file: string, made: Made) => Promise<void>,
): Promise<void> {
  const server = await startServer(bin);
  const folder = mkdtempSync(join(tmpdir(), 'zen-bench-'));
  const url = server.url.replace('/postgres', '/page');
  const zen = (...args: string[]) =>
    execFileSync(process.execPath, ['bin/zen.js', ...args, '--quiet', '--database', url]);
  zen('restore', 'fixtures/zen.dump', '--create', '--yes');
  zen('aggregate');
  const db = await openServer(url);
  try {
    await fillMinutes(db, monday, dayMinutes * (names.includes('week') ? 7 : 1));
    for (const size of names) {
      const file = join(folder, `${size}.html`);
      const { start, end } = windowOf(size);
      const args = [
        'bin/zen.js',
        'render',
        '--quiet',
        '--out',
        file,
        '--start-dt',
        isoTime(start),
        '--end-dt',
        isoTime(end),
      ];
      const made = await measure(process.execPath, [...args, '--max-size', '100', '--database', url]);
      await use(size, file, made);
    }
  } finally {
    await db.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function windowOf(size: Size): Window {
  if (size === 'hour') return { start: Date.UTC(2019, 8, 24, 18, 27), end: Date.UTC(2019, 8, 24, 19, 1) };
  const start = sizes[size] < dayMinutes ? monday + 12 * hourMs : monday;
  return { start, end: start + sizes[size] * minuteMs };
}

async function compare(
  browser: Browser,
  size: Size,
  file: string,
  made: Made,
): Promise<Record<string, unknown>> {
  const html = readFileSync(file, 'utf8');
  const tables = tabulatePayload(readPayload(html));
  const aggregates = Object.values(tables.aggregates);
  const rows = aggregates.reduce((sum, { cube }) => sum + cube.cells.minutes.length, 0);
  const zen = await use(browser, file, clicks.zen);
  const plain = plainSizes.includes(size)
    ? await use(browser, makePlain(file, html), clicks.plain)
    : undefined;
  const bytes = statSync(file).size;
  const json = plain && aggregates.reduce((sum, table) => sum + jsonSize(table), 0);
  const alone =
    json &&
    `, row JSON alone ${(json / 1e6).toFixed(1)} MB (${(json / bytes).toFixed(0)}×)${comparePlotly(html, bytes)}`;
  console.log(
    `page, ${size}, ${rows.toLocaleString('en')} rows: rendered in ${made.seconds.toFixed(1)} s ` +
      `(${((made.seconds / rows) * 1e6).toFixed(1)} µs a row), ${made.megabytes.toFixed(0)} MB; ` +
      `file ${(bytes / 1e6).toFixed(2)} MB${alone ?? ''}`,
  );
  for (const [name, times] of Object.entries({ zen, plain })) {
    if (times) console.log(`  ${name}: ${describe(times)}`);
  }
  return { size, rows, bytes, json, made, zen, plain };
}

function describe({ first, ready, heap, ...actions }: Times): string {
  const each = Object.entries(actions).map(
    ([name, times]) => `${name} ${median(times).toFixed(0)} (p95 ${quantile(times, 0.95).toFixed(0)})`,
  );
  return (
    `${each.join(', ')} ms to the painted frame; first picture ${first.toFixed(0)} ms, live ${ready.toFixed(0)} ms, ` +
    `heap ${heap.toFixed(0)} MB`
  );
}

function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? NaN;
}

function jsonSize(table: Parameters<typeof toRows>[0]): number {
  let bytes = 0;
  for (const row of toRows(table)) {
    const own = Object.entries(row).filter(([name]) => !name.endsWith('_rank'));
    bytes += Buffer.byteLength(JSON.stringify(Object.fromEntries(own))) + 1;
  }
  return bytes;
}

/** Plotly's offline page: its script, and the same rows as JSON. Needs npm install --no-save plotly.js-dist-min. */
function comparePlotly(html: string, bytes: number): string {
  try {
    const script = createRequire(import.meta.url).resolve('plotly.js-dist-min');
    const events = tableOf(tabulatePayload(readPayload(html)), 'events');
    const columns: Record<string, unknown[]> = {};
    for (const row of toRows(events))
      for (const name of ['dt', 'item_topic', 'source_topic', 'age_segment', 'visits'])
        (columns[name] ??= []).push(row[name]);
    const all = statSync(script).size + Buffer.byteLength(JSON.stringify(columns));
    return `; Plotly's script and the visits by column ${(all / 1e6).toFixed(1)} MB (${(all / bytes).toFixed(1)}×)`;
  } catch {
    return '; without Plotly, which is not installed';
  }
}

/** The page with its charts as Vega-Lite compiles them: its script makes row objects for them. */
function makePlain(file: string, html: string): string {
  const payload = readPayload(html);
  const locale = readLocale('ru');
  const scene = { period: payload, ladder: payload.ladder };
  const own = readSettings(Buffer.from(html)) as Settings;
  const charts = own.charts.map(({ panel }) => {
    const { spec, rows, tables } = compileChart(
      panel.name,
      readChart(panel.name, scene, translator(locale)),
      {},
    );
    return { panel, spec, rows, tables };
  });
  const settings = JSON.stringify({ ...own, charts }).replaceAll('<', '\\u003c');
  const plain = file.replace('.html', '-plain.html');
  writeFileSync(
    plain,
    html.replace(
      /(id="settings">).*?(<\/script>)/s,
      (_, open: string, close: string) => open + settings + close,
    ),
  );
  return plain;
}

/** Opens a page and does in it what a reader does. */
async function use(browser: Browser, file: string, clicks: number): Promise<Times> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(600_000);
  const evaluate: EnginePage['evaluate'] = (script, ...given) => page.evaluate(callOf(script, given));
  const times = { first: [] as number[], ready: [] as number[] };
  for (let open = 0; open < 5; open++) {
    await page.goto(pathToFileURL(file).href, { waitUntil: 'commit' });
    await page.waitForSelector('html[data-rows=read]', { state: 'attached' });
    times.first.push(await evaluate(readMark, 'first-contentful-paint'));
    times.ready.push(await evaluate(readMark, 'zen-ready'));
  }
  const actions = await actAll(evaluate, clicks);
  const heap = await readHeap(page);
  await page.close();
  return { first: median(times.first), ready: median(times.ready), heap, ...actions };
}

/** The same in another browser. */
async function useEngine(page: EnginePage, file: string): Promise<Record<'ready' | Action, number[]>> {
  const evaluate: EnginePage['evaluate'] = (script, ...given) => page.evaluate(script, ...given);
  const ready: number[] = [];
  for (let open = 0; open < 5; open++) {
    await page.goto(pathToFileURL(file).href);
    await evaluate(waitReady);
    ready.push(await evaluate(readMark, 'zen-ready'));
  }
  return { ready, ...(await actAll(evaluate, clicks.plain)) };
}

function waitReady(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.documentElement.dataset.rows === 'read') resolve();
      else requestAnimationFrame(look);
    };
    look();
  });
}

function readMark(name: string): number {
  return performance.getEntriesByName(name).at(0)?.startTime ?? NaN;
}

type Action = 'topic' | 'age' | 'brush';

async function actAll(evaluate: EnginePage['evaluate'], clicks: number): Promise<Record<Action, number[]>> {
  const actions: Record<Action, number[]> = { topic: [], age: [], brush: [] };
  for (const action of ['topic', 'age', 'brush'] as const) {
    for (let click = 0; click < clicks; click++) actions[action].push(await act(evaluate, action, click));
    // Each kind is done to all that the page shows, as a reader finds it.
    await act(evaluate, action, 2);
  }
  return actions;
}

/** Sets a control and waits until the browser has painted what comes of it. */
function act(evaluate: EnginePage['evaluate'], action: Action, click: number): Promise<number> {
  return evaluate(
    async (action, click) => {
      type Control = HTMLElement & { value: unknown; names: string[] };
      type Panel = HTMLElement & { view: { runAsync(): Promise<unknown>; signal(name: string): number[] } };
      const [period, topics, ages] = ['period', 'topics', 'ages'].map(
        (id) => document.getElementById(id) as Control,
      );
      const charts = ['history', 'sources', 'funnel'].map((id) => document.getElementById(id) as Panel);
      const pick = (control: Control | undefined) =>
        click % 3 === 2
          ? null
          : [
              control?.names[click % control.names.length],
              control?.names[(click + 3) % control.names.length],
            ];
      const [start = 0, end = 0] = charts[0]?.view.signal('span') ?? [];
      const part = (end - start) / 60_000;
      const from = start + Math.floor((part * (click % 7)) / 16) * 60_000;
      const started = performance.now();
      if (action === 'topic' && topics) topics.value = pick(topics);
      if (action === 'age' && ages) ages.value = pick(ages);
      if (action === 'brush' && period)
        period.value = click % 3 === 2 ? null : [from, from + Math.ceil(part / 2) * 60_000];
      for (const { view } of charts) await view.runAsync();
      await new Promise((resolve) => {
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = resolve;
          port2.postMessage(null);
        });
      });
      return performance.now() - started;
    },
    action,
    click,
  );
}

/** Megabytes that the page's script holds, with its buffers. */
async function readHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = (await session.send('Runtime.getHeapUsage')) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  return (usedSize + backingStorageSize) / 1e6;
}
