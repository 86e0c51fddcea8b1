import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserServer } from 'playwright-core';
import { openEmbedded } from '../../src/db/embedded.ts';
import { findBrowser, serveBrowser } from './browser.ts';
import { startServer } from './postgres.ts';
import type { Server } from './postgres.ts';

/** Holds what one run of the tests shares; `teardown.ts` ends it. */
export const shared = globalThis as typeof globalThis & { zenServer?: Server; zenBrowser?: BrowserServer };

/** Before all tests: a PostgreSQL server and a browser, both from npm where the machine has none. */
export default async function setup(): Promise<void> {
  const [server, embedded, browser] = await Promise.all([
    startServer(),
    makeEmbedded(),
    // A page is open for a second: compiling in the background costs more than it saves.
    findBrowser().then((program) => serveBrowser(program, ['--no-opt', '--single-threaded'])),
  ]);
  Object.assign(shared, { zenServer: server, zenBrowser: browser });
  process.env.ZEN_TEST_SERVER = server.url;
  process.env.ZEN_TEST_EMBEDDED = embedded;
  process.env.ZEN_TEST_BROWSER = browser.wsEndpoint();
}

async function makeEmbedded(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'zen-embedded-'));
  const db = await openEmbedded(folder);
  // Nothing connects to them, and two of three files that each copy would have are theirs.
  await db.run('update pg_database set datistemplate = false');
  for (const name of ['template0', 'template1']) await db.run(`drop database ${name}`);
  await db.close();
  return folder;
}
