import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { openDatabase } from '../src/db/open.ts';
import { openBrowser } from './support/browser.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

interface Row {
  name: string | null;
  n: number;
}

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

describe.each(kinds)('the example of a shop, on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = join(temporaryFolder(), 'shop');
  const counts: Record<string, Row[]> = {};

  beforeAll(async () => {
    cpSync('examples/shop', cwd, { recursive: true });
    const db = await openDatabase(target, { create: true });
    for (const statement of readFileSync(join(cwd, 'shop.sql'), 'utf8').split(/;\n/).slice(0, -1))
      await db.run(statement);
    const count = (name: string, action: string) =>
      db.query<Row>(
        `select ${name} as name, count(*)::int as n from shop.events
         where not is_bot and ${action} and created_at < '2026-11-23Z' group by 1 order by 2 desc, 1`,
      );
    counts.devices = await count('device', 'true');
    counts.carts = await count('channel', "action = 'cart'");
    counts.purchases = await count('category', "action = 'purchase'");
    await db.close();
  }, 60_000);

  test('runs by the commands of its README, and draws the shop’s own numbers', async () => {
    const commands = [...readFileSync(join(cwd, 'README.md'), 'utf8').matchAll(/^ {4}zen (.*)$/gm)];
    expect(commands).toHaveLength(3);
    for (const [, command = ''] of commands) {
      const { code, stdout, stderr } = await call([...command.split(' '), '--database', database], { cwd });
      expect([code, code === 0 ? '' : `${stdout}${stderr}`]).toEqual([0, '']);
      if (command === 'check') expect(stdout).not.toContain('FAIL');
    }
    const file = join(cwd, 'output/zen.html');
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('html[data-zen=ready]');
    const drawn = (id: string, field: string, measure: string) =>
      page.evaluate(
        ([name, key, value]) =>
          (document.getElementById(String(name)) as unknown as { data: Record<string, unknown>[] }).data.map(
            (row) => [row[String(key)], row[String(value)]],
          ),
        [id, field, measure],
      );
    const wanted = (rows: Row[] = []) => rows.map(({ name, n }) => [name ?? 'not set', n]).sort();
    expect(counts.carts?.length).toBe(4);
    expect((await drawn('devices', 'item_type', 'events')).sort()).toEqual(wanted(counts.devices));
    expect((await drawn('carts', 'source_topic', 'carts')).sort()).toEqual(wanted(counts.carts));
    const sums = new Map<unknown, number>();
    for (const [topic, n] of await drawn('hours', 'item_topic', 'purchases'))
      sums.set(topic, (sums.get(topic) ?? 0) + Number(n));
    expect([...sums].sort()).toEqual(wanted(counts.purchases));
    const text = await page.innerText('body');
    expect(text).toMatch(/Purchases/);
    expect(text).not.toMatch(/\bShows\b|Age/);
    await page.close();
    expect(await call(['verify', file, '--database', database], { cwd })).toMatchObject({ code: 0 });
  }, 120_000);
});
