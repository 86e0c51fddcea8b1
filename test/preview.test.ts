import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openDatabase } from '../src/db/open.ts';
import { openBrowser } from './support/browser.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { call, start, zen } from './support/zen.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

describe.each(kinds)('zen preview, on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = join(temporaryFolder(), 'news');
  const chart = join(cwd, 'templates/charts/hours.vl.json');
  const aggregate = join(cwd, 'sql/aggregates/shows.sql');
  const settings = { database, locale: 'en' };
  let running: ReturnType<typeof start>;
  let page: Page;
  let url = '';
  const complaints: string[] = [];

  const edit = (file: string, from: string, to: string) => {
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  };
  const ready = () => page.waitForSelector('html[data-zen=ready]');
  const query = async <T>(statement: string) => {
    const db = await openDatabase(target);
    const rows = await db.query<T>(statement);
    await db.close();
    return rows;
  };

  beforeAll(async () => {
    expect(await call(['init', cwd], { cwd: temporaryFolder() })).toMatchObject({ code: 0 });
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify(settings));
    for (const args of [
      ['restore', 'demo.csv.gz', '--create', '--yes'],
      ['aggregate', '--end-dt', '2026-11-04'],
    ])
      expect(await call(args, { cwd })).toMatchObject({ code: 0 });
    expect(await zen(['render', '--out', 'page.html'], { cwd })).toMatchObject({ code: 0 });
    running = start(['preview'], { cwd });
    url = await new Promise<string>((found, failed) => {
      running.child.stdout?.on('data', (text: string) => {
        found(text.trim());
      });
      void running.outcome.then(({ stderr }) => {
        failed(new Error(stderr));
      });
    });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(request.url());
    });
    await page.goto(url);
    await ready();
  }, 120_000);
  afterAll(() => page.close());

  test('serves the page that is rendered, but for what loads it again', async () => {
    const served = await (await fetch(url)).text();
    const plain = served
      .replace(/<script>new EventSource[^<]*<\/script>/, '')
      .replace(/connect-src 'self'; script-src 'sha256-[^']*' /, 'script-src ');
    expect(plain).toBe(readFileSync(join(cwd, 'page.html'), 'utf8'));
  });

  test('answers no other name of its address, and no other path', async () => {
    const { port } = new URL(url);
    const codeOf = (host: string, path: string) =>
      new Promise((found) => {
        get({ host: '127.0.0.1', port, path, headers: { host } }, ({ statusCode }) => {
          found(statusCode);
        });
      });
    expect(await codeOf(`elsewhere.example:${port}`, '/')).toBe(404);
    expect(await codeOf(`127.0.0.1:${port}`, '/zen.json')).toBe(404);
    expect(await codeOf(`localhost:${port}`, '/')).toBe(200);
  });

  test('shows a change of a chart and of the style in the open page, which keeps what is chosen', async () => {
    await page.evaluate(() => {
      Object.assign(document, { isSame: true });
      Object.assign(document.querySelector('#topics') ?? {}, { value: ['Science'] });
    });
    edit(chart, '"mark": "rect"', '"mark": { "type": "rect", "stroke": "teal" }');
    await page.waitForSelector('#hours path[stroke=teal]');
    edit(chart, 'Shows by hour of the day and topic"', 'When it is read"');
    await page.waitForSelector('#hours h2:text-is("When it is read")');
    writeFileSync(join(cwd, 'templates/page.css'), 'h1 { letter-spacing: 7px; }');
    await page.waitForFunction(
      () => getComputedStyle(document.querySelector('h1') ?? document.body).letterSpacing === '7px',
    );
    expect(await page.getAttribute('#hours [data-take=csv]', 'aria-label')).toBe('CSV: When it is read');
    const [isSame, topics] = await page.evaluate(() => {
      const { data } = document.querySelector('#hours') as unknown as { data: { item_topic: string }[] };
      return ['isSame' in document, [...new Set(data.map((row) => row.item_topic))]];
    });
    expect([isSame, topics]).toEqual([true, ['Science']]);
    expect(await (await fetch(url)).text()).toContain('letter-spacing: 7px');
  }, 60_000);

  test('loads a page anew that was loaded before the last change', async () => {
    const { body } = await fetch(`${url}changes?0`);
    const reader = body?.getReader();
    expect(String.fromCharCode(...((await reader?.read())?.value ?? []))).toBe('data: {}\n\n');
    await reader?.cancel();
  });

  test('shows a change of the settings, and a mistake in the place of the page', async () => {
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify({ ...settings, title: 'Other', panels: ['hours'] }));
    await page.waitForSelector('h1:text-is("Other")');
    expect(await page.locator('zen-chart').count()).toBe(1);
    edit(chart, '"groupby": ["hour"', '"groupby": ["houre"');
    await page.waitForSelector('#mistake');
    expect(await page.innerText('#mistake')).toMatch(
      /hours\.vl\.json uses the field “houre”, which its data do not have/,
    );
    edit(chart, '"groupby": ["houre"', '"groupby": ["hour"');
    await ready();
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify({ ...settings, tilte: 'Other' }));
    expect(await page.locator('#mistake').innerText()).toMatch(/“tilte”.*Did you mean “title”/);
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify(settings));
    await ready();
  }, 60_000);

  test('shows what an edited statement makes, and writes no aggregate', async () => {
    const tables = () => query("select relname from pg_class where relname like 'dash%' order by 1");
    const count = () => query('select sum(shows)::int as n from dash_shows');
    const before = [await tables(), await count()];
    const [{ n } = { n: NaN }] = await query<{ n: number }>(
      "select count(*)::int as n from log_raw where event = 'click'",
    );
    edit(aggregate, "event = 'show'", "event = 'click'");
    await page.waitForFunction((wanted) => {
      const panel = document.querySelector('#hours') as unknown as {
        data?: { shows: number }[];
        view?: object;
      } | null;
      return panel?.view && panel.data?.reduce((sum, { shows }) => sum + shows, 0) === wanted;
    }, n);
    edit(aggregate, 'count(*)', 'count(*');
    await page.waitForSelector('#mistake');
    expect(await page.innerText('#mistake')).toMatch(/sql\/aggregates\/shows\.sql/);
    expect([await tables(), await count()]).toEqual(before);
  }, 60_000);

  test('ends at a signal, and has asked for nothing else', async () => {
    running.child.kill('SIGINT');
    expect(await running.outcome).toMatchObject({ code: 0 });
    expect(complaints.filter((text) => !/ERR_|favicon|404/.test(text))).toEqual([]);
  });
});

test('zen preview says what is missing where there is no project', async () => {
  const told = await call(['preview'], { cwd: temporaryFolder() });
  expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('zen init')]);
});
