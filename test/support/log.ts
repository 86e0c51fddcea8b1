import { Readable } from 'node:stream';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/files.ts';
import { openBackup } from '../../src/restore/formats/detect.ts';
import { restore } from '../../src/restore/restore.ts';
import type { Sample } from './oracle.ts';

export const columns = ['ts', 'user_id', 'item_topic', 'source_topic', 'age_segment', 'event'] as const;

/** Puts events into `log_raw`, which it makes. */
export async function insertEvents(db: Database, events: readonly Sample[]): Promise<void> {
  await db.run(sql('restore/table'));
  await db.copy('log_raw', columns, Readable.from([Buffer.from(toCopy(events))]));
}

/** A value in COPY's text format (PostgreSQL's documentation of COPY, "Text Format"). */
export function copyValue(value: string | number | null): string {
  if (value === null) return '\\N';
  const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  return String(value).replace(/[\\\t\n\r]/g, (char) => escapes[char] ?? char);
}

/** A dump of them, as pg_dump writes a table. */
export function dump(events: readonly Sample[]): string {
  const types = columns.map((name) => `${name} ${/ts|id/.test(name) ? 'bigint' : 'text'}`).join(', ');
  return `CREATE TABLE public.log_raw (${types});\nCOPY public.log_raw (${columns.join(', ')}) FROM stdin;\n${toCopy(events)}\\.\n`;
}

function toCopy(events: readonly Sample[]): string {
  return events.map((event) => columns.map((column) => copyValue(event[column])).join('\t') + '\n').join('');
}

/** Restores the fixture into `log_raw`. */
export async function restoreFixture(db: Database): Promise<void> {
  await restoreFile(db, 'fixtures/zen.dump');
}

/** Restores a backup into `log_raw`. */
export async function restoreFile(db: Database, file: string): Promise<void> {
  const backup = await openBackup(file);
  try {
    await restore(db, backup, { append: false });
  } finally {
    await backup.close();
  }
}

/** The rows of the two aggregates, as the oracle writes them. */
export async function readVisits(db: Database): Promise<string[]> {
  return readRows(db, 'dash_visits', 'item_topic, source_topic, age_segment', 'visits');
}

export async function readEngagement(db: Database): Promise<string[]> {
  return readRows(db, 'dash_engagement', 'item_topic, event, age_segment', 'unique_users');
}

async function readRows(db: Database, table: string, cell: string, count: string): Promise<string[]> {
  const rows = await db.query<Record<string, unknown>>(
    `select (extract(epoch from dt) * 1000)::bigint as dt, ${cell}, ${count} from ${table}`,
  );
  return rows
    .map((row) => {
      const values = Object.values(row);
      return `${JSON.stringify(values.slice(0, -1))} ${String(values.at(-1))}`;
    })
    .sort();
}
