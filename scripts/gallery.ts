// Draws docs/gallery.png: the charts that ship with Zen, of an invented log of eight days.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { openEmbedded } from '../src/db/embedded.ts';
import { readExtensions } from '../src/files.ts';
import { writePage } from '../src/output.ts';
import { useLayout } from '../src/render/layout.ts';
import { render } from '../src/render/render.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';
import { insertEvents } from '../test/support/log.ts';
import type { Sample } from '../test/support/oracle.ts';

const start = parseTime('2026-09-21');
const end = start + 8 * dayMs;
const topics = ['News', 'Film', 'Sport', 'Science', 'Travel', 'Food', 'Music', 'Health', 'Games', 'Family'];
const ages = ['18-25', '26-30', '31-35', '36-40', '41-45', '45+'];

/** Readers who come back, more of them by day than by night; half of what they are shown is of the topic they come from. */
function invent(): Sample[] {
  const random = mulberry32(31);
  return Array.from({ length: 60_000 }, (): Sample[] => {
    const day = start + between(random, 0, 7) * dayMs;
    const minute = 1440 * (0.6 + 0.25 * (random() + random() + random() - 1.5));
    const user_id = between(random, 1, 40_000);
    const source_topic = favour(random, topics);
    const item_topic = random() < 0.5 ? source_topic : favour(random, topics);
    const event = {
      ts: day + Math.floor(minute * minuteMs),
      ...{ user_id, item_topic, source_topic, age_segment: ages[user_id % 6] ?? '' },
    };
    const rate = 0.06 + 0.02 * (topics.indexOf(item_topic) % 4) + 0.01 * (user_id % 6);
    const chance = random();
    return (['show', 'click', 'view'] as const)
      .filter((_, at) => at === 0 || chance < rate / at ** 0.3)
      .map((kind) => ({ ...event, event: kind }));
  }).flat();
}

const folder = mkdtempSync(join(tmpdir(), 'zen-gallery-'));
const db = await openEmbedded(join(folder, 'log'));
await insertEvents(db, invent());
await aggregate(db, [{ start, end }], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true });
const charts = readExtensions('templates/charts').map(({ name }) => name);
useLayout({ panels: charts });
await writePage('output/gallery.html', (await render(db, { start, end, locale: 'en' })).html);
const browser = await launchBrowser(await findBrowser());
const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
await page.goto(pathToFileURL('output/gallery.html').href);
await page.waitForSelector('html[data-zen=ready]');
const figures: string[] = [];
for (const name of charts) {
  await page.locator(`[data-show="${name}"]:visible`).first().click();
  const pressed = page.locator(`[data-show="${name}"][aria-pressed="true"]`);
  const view = page.locator('zen-chart:visible', { has: pressed }).locator('.view');
  await view.locator('svg').waitFor();
  await page.waitForTimeout(500);
  const picture = await view.screenshot();
  figures.push(
    `<figure><figcaption>${name}</figcaption><img src="data:image/png;base64,${picture.toString('base64')}"></figure>`,
  );
}
const sheet = await browser.newPage({ viewport: { width: 1200, height: 400 } });
await sheet.setContent(
  `<style>body{margin:12px;display:grid;grid-template-columns:repeat(3,1fr);align-items:start;gap:12px;font:14px sans-serif}figure{margin:0}img{width:100%}</style>${figures.join('')}`,
);
await sheet.screenshot({ path: 'docs/gallery.png', fullPage: true });
await browser.close();
await db.close();
rmSync(folder, { recursive: true });
