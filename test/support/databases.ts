import { afterAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../src/config.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open.ts';
import { openServer } from '../../src/db/server.ts';

export const kinds = ['server', 'embedded'] as const;
export type Kind = (typeof kinds)[number];

const folders: string[] = [];
/** Databases that are to be used again: to make and open one takes as long as a small test, to empty it some milliseconds. */
const spare: Record<Kind, Database[]> = { server: [], embedded: [] };
/** Databases of the server that their tests use. */
const opened = new Set<Database>();
/** The tests of the file have run. */
let isOver = false;

afterAll(async () => {
  isOver = true;
  // The connections of one that its test has not closed would hold the process.
  await Promise.all([...opened, ...spare.server, ...spare.embedded].map((db) => db.close()));
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

/** The name of a role that the test server does not have yet: roles are of all its databases, and so of all tests. */
export function newRole(name: string): string {
  return `${name}_${randomUUID().slice(0, 8)}`;
}

/** A new database of the server, by two sessions. Both are to be closed. */
export async function openPair(): Promise<[Database, Database]> {
  const url = newUrl();
  return [await openServer(url, { create: true }), await openServer(url)];
}

/** A new, empty database; or one that was closed before, emptied. */
export async function newDatabase(kind: Kind): Promise<Database> {
  const db = spare[kind].pop() ?? (await openDatabase(newTarget(kind), { create: true }));
  if (kind === 'server') opened.add(db);
  let isOpen = true;
  return {
    ...db,
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      opened.delete(db);
      if (!isOver && (await empty(db))) spare[kind].push(db);
      else await db.close();
    },
  };
}

/** Takes everything out of a database; tells whether it is as a new one then. */
async function empty(db: Database): Promise<boolean> {
  try {
    const held = await db.query(
      `select from pg_stat_activity
       where datname = current_database() and backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()
       union all
       select from pg_db_role_setting where setdatabase in (0, (select oid from pg_database where datname = current_database()))`,
    );
    if (held.length > 0) return false;
    await db.run('discard temp');
    const schemas = await db.query<{ name: string }>(
      "select quote_ident(nspname) as name from pg_namespace where nspname <> 'information_schema' and nspname !~ '^pg_'",
    );
    await db.run(`drop schema ${schemas.map(({ name }) => name).join(', ')} cascade`);
    await db.run('create schema public');
    return true;
  } catch {
    return false; // it was interrupted, or is broken
  }
}

/** A place for a database of its own. The embedded one is a copy of one that `setup` made, for making one takes seconds. */
export function newTarget(kind: Kind): Target {
  if (kind === 'server') return { kind, url: newUrl() };
  const folder = join(temporaryFolder(), 'database');
  cpSync(process.env.ZEN_TEST_EMBEDDED ?? '', folder, { recursive: true });
  return { kind, folder };
}
