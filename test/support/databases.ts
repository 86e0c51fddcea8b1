import { afterAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../src/config.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open.ts';

export const kinds = ['server', 'embedded'] as const;
export type Kind = (typeof kinds)[number];

const folders: string[] = [];
const connected: Database[] = [];

afterAll(async () => {
  // The connections of one that its test has not closed would hold the process.
  await Promise.all(connected.map((db) => db.close()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes when the tests of the file have run. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zen-test-'));
  folders.push(folder);
  return folder;
}

/** The URL of a database that the test server does not have yet. */
export function newUrl(): string {
  const url = new URL(process.env.ZEN_TEST_SERVER ?? '');
  url.pathname = `zen_${randomUUID().replaceAll('-', '')}`;
  return url.href;
}

/** A new, empty database. The embedded one is a copy of one that `setup` made, for making one takes seconds. */
export async function newDatabase(kind: Kind): Promise<Database> {
  const db = await openDatabase(newTarget(kind), { create: true });
  if (kind === 'server') connected.push(db);
  return db;
}

export function newTarget(kind: Kind): Target {
  if (kind === 'server') return { kind, url: newUrl() };
  const folder = join(temporaryFolder(), 'database');
  cpSync(process.env.ZEN_TEST_EMBEDDED ?? '', folder, { recursive: true });
  return { kind, folder };
}
