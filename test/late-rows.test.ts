import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { encode } from '../src/shared/data/payload.ts';
import { dayMs } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { packParts, readPayload, replaceParts } from './support/payload.ts';
import { first, hole, inventDays } from './support/three-days.ts';
import { render, verify } from './support/page.ts';

/** A page as it is, and the same one with its rows behind the script, as one of more than a million rows has them. */
const folder = temporaryFolder();
const [whole, split] = ['whole.html', 'split.html'].map((name) => join(folder, name)) as [string, string];

let browser: Browser;
let said: string[];

beforeAll(async () => {
  browser = await openBrowser();
  const db = await newDatabase('server');
  await insertEvents(db, [...inventDays(), ...fillHole()]);
  const days = [0, 1, 2].map((day) => ({ start: first + day * dayMs, end: first + (day + 1) * dayMs }));
  await aggregate(db, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  const { html } = await render(db, { locale: 'ru', minCell: 0 });
  await db.close();
  writeFileSync(whole, html);
  writeFileSync(split, toSplit(html));
}, 120_000);

afterAll(() => browser.close());

/** The events of a day before the hour that has none, put there: a comparison that leaves it out is of minutes. */
function fillHole(): Sample[] {
  const [start, end] = hole.map((time) => time - dayMs) as [number, number];
  return inventDays().flatMap((event) => {
    const ts = Number(event.ts);
    return start <= ts && ts < end ? [{ ...event, ts: ts + dayMs }] : [];
  });
}

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

function toSplit(html: string): string {
  const packed = packParts(encode(readPayload(html), 0));
  const bare = replaceParts(html, packed)
    .replace(/"payload":"\w+"/, `"payload":"${sha(packed)}"`)
    .replace(/"page":"\w+"/, '"page":""');
  return bare.replace('"page":""', `"page":"${sha(bare)}"`);
}

/** Opens a page. Its rows, where they come last, are held back until `release` is called. */
async function open(file: string, isHeld = true): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  const hold = () => {
    const held = new Promise<void>((resolve) => Object.assign(window, { release: resolve }));
    let calls = 0;
    const own = Response.prototype as { arrayBuffer: (this: Response) => Promise<ArrayBuffer> };
    const read = own.arrayBuffer;
    own.arrayBuffer = async function () {
      if (calls++ > 0) await held;
      return read.call(this);
    };
  };
  if (isHeld) await page.addInitScript(hold);
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-zen=ready]');
  return page;
}

const release = async (page: Page) => {
  await page.evaluate(() => {
    (window as unknown as { release: () => void }).release();
  });
  await page.waitForSelector('html[data-rows=read]');
};

/** All that a reader sees of the numbers: rows in any order, as charts sort them. */
async function look(page: Page): Promise<unknown> {
  await page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    for (const panel of document.querySelectorAll('zen-chart:not([hidden])'))
      await (panel as unknown as { view: { runAsync(): Promise<unknown> } }).view.runAsync();
  });
  return page.evaluate(() => ({
    charts: [...document.querySelectorAll('zen-chart:not([hidden])')].map((panel) => [
      panel.id,
      (panel as unknown as { data: object[] }).data.map((row) => JSON.stringify(row)).sort(),
      panel.querySelector('.finding')?.textContent,
    ]),
    figures: [...document.querySelectorAll('[data-word]')].map(({ textContent }) => textContent),
    topics: [...document.querySelectorAll('#topics .option')].map((row) => [
      row.textContent.replace(/\s+/g, ' '),
      row.querySelector('.course path')?.getAttribute('d'),
    ]),
    compared: document.querySelector('.compared')?.textContent,
    strip: document.querySelector('#strip path')?.getAttribute('d'),
  }));
}

const type = async (page: Page, from: string, to: string) => {
  for (const [at, time] of [from, to].entries()) {
    await page.locator('#period input').nth(at).fill(time);
    await page.locator('#period input').nth(at).press('Enter');
  }
};

test('a page is the same before its rows are read, and after; what takes minutes waits for them', async () => {
  const [early, wanted] = [await open(split), await open(whole)];
  expect(await early.getAttribute('html', 'data-rows')).toBeNull();
  expect(await look(early)).toEqual(await look(wanted));
  expect(await early.isVisible('main.is-late')).toBe(false);
  for (const page of [early, wanted]) await page.click('#topics .name >> text=Кино');
  // The minute of the peak of a topic is in its rows alone.
  await early.waitForSelector('main.is-late');
  expect(await early.innerText('#notice')).toContain('минут');
  for (const page of [early, wanted]) await type(page, '23.09.2019 10:07', '23.09.2019 17:23');
  await release(early);
  expect(await early.isVisible('main.is-late')).toBe(false);
  expect(await look(early)).toEqual(await look(wanted));
  expect(said).toEqual([]);
  await early.close();
  await wanted.close();
}, 60_000);

test('a copy of one opens with its view, and verifies; so does one of what is chosen', async () => {
  expect((await verify(readFileSync(split))).differences).toEqual([]);
  const page = await open(split);
  await release(page);
  await page.click('#topics .name >> text=Кино');
  const shown = await look(page);
  await page.click('#share summary');
  for (const kind of ['page', 'chosen']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`[data-share=${kind}]`)]);
    const copy = join(folder, `${kind}.html`);
    await download.saveAs(copy);
    expect([kind, (await verify(readFileSync(copy))).differences]).toEqual([kind, []]);
    const other = await open(copy, false);
    await other.waitForSelector('html[data-rows=read]');
    if (kind === 'page') expect(await look(other)).toEqual(shown);
    else expect(await other.$$eval('#topics .option', (rows) => rows.length)).toBe(1);
    await other.close();
  }
  await page.close();
}, 60_000);
