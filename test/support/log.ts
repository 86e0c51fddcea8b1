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
  const lines = events.map((event) => columns.map((column) => copyValue(event[column])).join('\t') + '\n');
  await db.copy('log_raw', columns, Readable.from([Buffer.from(lines.join(''))]));
}

/** A value in COPY's text format (PostgreSQL's documentation of COPY, "Text Format"). */
export function copyValue(value: string | number | null): string {
  if (value === null) return '\\N';
  const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  return String(value).replace(/[\\\t\n\r]/g, (char) => escapes[char] ?? char);
}

/** Restores the fixture into `log_raw`. */
export async function restoreFixture(db: Database): Promise<void> {
  const backup = await openBackup('fixtures/zen.dump');
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
