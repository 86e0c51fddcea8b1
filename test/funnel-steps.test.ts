import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { strFromU8, unzipSync } from 'fflate';
import type { Browser } from 'playwright-core';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import { openDatabase } from '../src/db/open.ts';
import { openBrowser } from './support/browser.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

const steps = ['search', 'open', 'into cart', 'pay'];

function makeLog(): string {
  const random = mulberry32(7);
  const rows = Array.from({ length: 3000 }, () =>
    [
      Date.parse('2026-11-20T00:00Z') + between(random, 0, 2 * 86_400_000 - 1),
      between(random, 1, 60),
      favour(random, ['search', 'search', 'search', 'open', 'open', 'into cart', 'pay', 'scroll']),
      favour(random, ['Books', 'Toys']),
      'shop',
      favour(random, ['18-25', '45+']),
    ].join(),
  );
  return ['ts,user_id,event,item_topic,source_topic,age_segment', ...rows, ''].join('\n');
}

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

describe.each(kinds)('a funnel of other steps, on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();
  const zen = async (args: string[], wanted = 0) => {
    const { code, stdout, stderr } = await call(args, { cwd });
    expect([code === wanted ? '' : `${stdout}${stderr}`, code]).toEqual(['', wanted]);
    return stdout + stderr;
  };
  /** Users of each minute, topic and age, summed, by step and what else is asked. */
  const count = async (field: string) => {
    const db = await openDatabase(target);
    const rows = await db.query<{ name: string; event: string; users: number }>(
      `select ${field} as name, event, sum(users)::int as users from (
         select event, item_topic, age_segment, count(distinct user_id) as users from log_raw
         group by event, item_topic, age_segment, ts / 60000
       ) as cells group by 1, 2`,
    );
    await db.close();
    return (name: string, step: string) =>
      rows.find((row) => row.name === name && row.event === step)?.users ?? NaN;
  };
  const layOut = (settings: object) => {
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify({ database, locale: 'en', ...settings }));
  };

  beforeAll(async () => {
    writeFileSync(join(cwd, 'log.csv'), makeLog());
    layOut({ funnel: steps });
    expect(await zen(['restore', 'log.csv', '--create', '--yes'])).not.toContain('funnel will be empty');
    await zen(['aggregate', '--end-dt', '2026-11-22']);
  }, 120_000);

  test('stands in its order in panel, table, words and mail', async () => {
    await zen(['render', '--out', 'page.html']);
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(cwd, 'page.html')).href);
    await page.waitForSelector('html[data-zen=ready]');
    const data = (id: string) =>
      page.evaluate(
        (name) => (document.getElementById(name) as unknown as { data: Record<string, unknown>[] }).data,
        id,
      );
    const of = await count("'all'");
    const share = (step: string) => of('all', step) / of('all', 'search');
    expect(await data('funnel')).toEqual(
      [...steps, 'scroll'].map((event) => ({ event, users: of('all', event), share: share(event) })),
    );
    const percent = (value: number) => `${(value * 100).toFixed(1)}%`;
    expect(await page.innerText('#funnel .finding')).toBe(
      `Of “search”: open ${percent(share('open'))}, into cart ${percent(share('into cart'))}, pay ${percent(share('pay'))}.`,
    );
    expect(await page.innerText('[data-word=views]')).toBe(percent(share('pay')));
    expect(await page.innerText('body')).toContain('pay of search');
    const labels = await page.$$eval('#funnel .view text', (all) =>
      all.map(({ textContent }) => textContent),
    );
    expect(labels).toContain(`${percent(of('all', 'pay') / of('all', 'into cart'))} of the step before`);
    await page.click('[data-show=funnel_topics]');
    const byTopic = await count('item_topic');
    expect(await data('funnel_topics')).toEqual(
      ['Books', 'Toys'].map((topic) =>
        expect.objectContaining({
          item_topic: topic,
          shows: byTopic(topic, 'search'),
          clicks: byTopic(topic, 'open'),
          views: byTopic(topic, 'pay'),
        }),
      ),
    );
    expect(await page.$$eval('#topics th.share', (all) => all.map((one) => one.textContent.trim()))).toEqual([
      'open',
      'pay',
    ]);
    expect(await page.locator('#people').count()).toBe(0);
    expect(await page.innerText('body')).not.toMatch(/\b(shows|clicks|views)\b/i);
    await page.click('#share summary');
    const download = page.waitForEvent('download');
    await page.click('[data-share=xlsx]');
    const parts = unzipSync(await buffer(await (await download).createReadStream()));
    const sheet = strFromU8(parts['xl/worksheets/sheet4.xml'] ?? Buffer.of());
    const lines = [...sheet.matchAll(/<row>(.*?)<\/row>/g)].map(([, row = '']) =>
      [...row.matchAll(/<(?:v|t)[^>]*>([^<]*)</g)].map(([, value]) => value),
    );
    expect(lines[0]?.at(-1)).toBe('Of the first step, by sums');
    expect(lines.slice(1, 1 + steps.length).map(([, step, , part]) => [step, Number(part)])).toEqual(
      steps.map((step) => [step, share(step)]),
    );
    await page.close();
    await zen(['verify', 'page.html', '--database', database]);
    await zen(['mail', 'page.html', '--to', 'a@example.com', '--from', 'b@example.com', '--out', 'mail.eml']);
    expect(readFileSync(join(cwd, 'mail.eml'), 'utf8')).toContain('pay of search');
    expect(await zen(['nightly', '--out', 'night.html', '--last', '2d', '--force'])).not.toMatch(/views/);
  }, 120_000);

  test.each([
    [{ funnel: ['pay'] }, /“funnel” has 1 part\. Name 2 to 7\./],
    [{ funnel: 'abcdefgh'.split('') }, /“funnel” has 8 parts\. Name 2 to 7\./],
    [{ funnel: ['a', 'a'] }, /“funnel” names “a” twice\. Keep one of them\./],
  ])('is refused where it is none: %j', async (settings, said) => {
    layOut(settings);
    expect(await zen(['render', '--out', 'other.html'], 2)).toMatch(said);
  });
});
