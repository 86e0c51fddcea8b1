// Takes the picture of examples/shop in docs: of its log, as its README has it made, in an embedded database.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openEmbedded } from '../src/db/embedded.ts';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'zen-shop-'));
try {
  const database = join(folder, 'database');
  const db = await openEmbedded(database);
  for (const statement of readFileSync('examples/shop/shop.sql', 'utf8').split(/;\n/).slice(0, -1))
    await db.run(statement);
  await db.close();
  const out = join(folder, 'zen.html');
  for (const command of [
    ['aggregate', '--end-dt', '2026-11-23'],
    ['render', '--out', out],
  ])
    execFileSync(
      process.execPath,
      ['bin/zen.js', ...command, '--project', 'examples/shop', '--database', database],
      {
        stdio: 'inherit',
      },
    );
  const browser = await launchBrowser(await findBrowser());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(pathToFileURL(out).href);
  await page.waitForSelector('html[data-zen=ready]');
  await page.screenshot({ path: 'docs/shop.png', fullPage: true });
  await browser.close();
} finally {
  rmSync(folder, { recursive: true });
}
