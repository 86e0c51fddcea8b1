// Takes the pictures of the demo's page that the README shows: run npm run demo first.
import { mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';

const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

mkdirSync('docs', { recursive: true });
const browser = await launchBrowser(await findBrowser());
for (const [name, viewport] of Object.entries(sizes)) {
  const page = await browser.newPage({ viewport, locale: 'ru-RU' });
  await page.goto(pathToFileURL('output/zen.html').href);
  await page.waitForSelector('html[data-zen=ready]');
  await page.screenshot({ path: `docs/${name}.png`, fullPage: name === 'phone' });
}
await browser.close();
