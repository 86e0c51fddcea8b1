// Takes pictures of a page, in docs for the README and in output/screens to look at: of the embedded database that is named, or of the
// demo's (run npm run demo first). Those in docs are of three days.
import { mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { BrowserContextOptions } from 'playwright-core';
import { openEmbedded } from '../src/db/embedded.ts';
import { locales } from '../src/render/locale.ts';
import { writePage } from '../src/output.ts';
import { render } from '../src/render/render.ts';
import { findBrowser, launchBrowser } from '../test/support/browser.ts';

const sizes = {
  desktop: { width: 1440, height: 900 },
  laptop: { width: 1280, height: 720 },
  wall: { width: 3840, height: 2160 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 740 },
};
const states: Record<string, BrowserContextOptions> = {
  light: {},
  dark: { colorScheme: 'dark' },
  still: { javaScriptEnabled: false },
};

for (const folder of ['docs', 'output/screens']) mkdirSync(folder, { recursive: true });
const db = await openEmbedded(process.argv[2] ?? '.zen-demo');
const browser = await launchBrowser(await findBrowser());
for (const locale of locales) {
  const file = `output/screens/${locale}.html`;
  await writePage(file, (await render(db, { locale })).html);
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const [state, options] of Object.entries(states)) {
      const page = await browser.newPage({ viewport, locale, ...options });
      await page.goto(pathToFileURL(file).href);
      if (state !== 'still') await page.waitForSelector('html[data-zen=ready]');
      const picture = { fullPage: viewport.width < 500 };
      await page.screenshot({ path: `output/screens/${locale}-${size}-${state}.png`, ...picture });
      if (locale === 'ru' && state === 'light' && (size === 'desktop' || size === 'phone'))
        await page.screenshot({ path: `docs/${size}.png`, ...picture });
      if (size === 'desktop' && state === 'light') {
        await page.pdf({
          path: `output/screens/${locale}.pdf`,
          preferCSSPageSize: true,
          printBackground: true,
        });
      }
      await page.close();
    }
  }
}
await browser.close();
await db.close();
