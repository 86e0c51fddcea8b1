import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '../../src/db/embedded.ts';
import { findBrowser } from './browser.ts';
import { startServer } from './postgres.ts';
import type { Server } from './postgres.ts';

/** What one run of the tests shares; `teardown.ts` ends it. */
export const shared = globalThis as typeof globalThis & { zenServer?: Server };

/** Before all tests: a PostgreSQL server and a browser, both from npm where the machine has none. */
export default async function setup(): Promise<void> {
  for (const name of Object.keys(process.env)) {
    if (/^(PG|ZEN_|DATABASE_URL$)/.test(name) && !name.startsWith('ZEN_TEST_'))
      Reflect.deleteProperty(process.env, name);
  }
  shared.zenServer = await startServer();
  process.env.ZEN_TEST_SERVER = shared.zenServer.url;
  process.env.ZEN_TEST_EMBEDDED = await makeEmbedded();
  process.env.ZEN_TEST_BROWSER = JSON.stringify(await findBrowser());
}

async function makeEmbedded(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'zen-embedded-'));
  await (await openEmbedded(folder)).close();
  return folder;
}
