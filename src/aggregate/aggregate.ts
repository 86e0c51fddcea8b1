import type { Database, Session } from '../db/database.ts';
import { hasTable, requireTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import { lastMidnight, requireOrder } from '../time.ts';
import type { Window } from '../time.ts';

/** Which minute an event belongs to: the one it happened in, or the nearest one (the original's rule). */
export type Minute = 'floor' | 'nearest';

export interface AggregateOptions {
  /** Unix milliseconds; without it, from the last aggregated minute, or the first event. */
  start?: number | undefined;
  /** Unix milliseconds, not in the window; without it, the last UTC midnight. */
  end?: number | undefined;
  minute: Minute;
  /** Do the work, and undo it. */
  dryRun: boolean;
}

export interface Aggregated {
  /** Events of the log in the window: the sum of `visits`. */
  events: number;
  visitsRows: number;
  engagementRows: number;
}

/** The aggregates; each has a folder of that name under `sql/aggregate`. */
const aggregates = ['visits', 'engagement'] as const;

/**
 * The window that a run covers. Without dates: from the last aggregated minute (it may have been incomplete), or on
 * empty tables the first event, to the last UTC midnight. Null when that leaves nothing to do.
 *
 * @throws ZenError `usage` when the window ends before it starts
 */
export async function resolveWindow(
  db: Database,
  { start, end, minute }: AggregateOptions,
  now: number,
): Promise<Window | null> {
  await requireTable(db, 'log_raw', 'zen restore');
  const from = start ?? (await findStart(db, minute));
  const to = end ?? lastMidnight(now);
  if (start !== undefined && end !== undefined) requireOrder('window', { start, end });
  return from === null || from >= to ? null : { start: from, end: to };
}

async function findStart(db: Database, minute: Minute): Promise<number | null> {
  const last = (await hasTables(db)) ? await minuteOf(db, 'aggregate/watermark') : null;
  return last ?? (await minuteOf(db, 'aggregate/first', [minute]));
}

async function minuteOf(db: Database, statement: string, values: string[] = []): Promise<number | null> {
  return (await db.query<{ minute: number | null }>(sql(statement), values))[0]?.minute ?? null;
}

async function hasTables(session: Session): Promise<boolean> {
  const found = await Promise.all(aggregates.map((name) => hasTable(session, `dash_${name}`)));
  return found.every(Boolean);
}

/**
 * Fills `dash_visits` and `dash_engagement` for one window, in one transaction: what they held for it is replaced, so
 * that a second run changes nothing. The definitions are in the README.
 */
export async function aggregate(
  db: Database,
  { start, end }: Window,
  { minute, dryRun }: AggregateOptions,
): Promise<Aggregated> {
  return db.transaction(
    async (session) => {
      await session.run(sql('aggregate/lock'));
      if (!(await hasTables(session))) await createTables(session);
      const [visitsRows, engagementRows] = [
        await replace(session, 'visits', [start, end, minute]),
        await replace(session, 'engagement', [start, end, minute]),
      ];
      const [count] = await session.query<{ events: number }>(sql('aggregate/events'), [start, end, minute]);
      return { events: count?.events ?? 0, visitsRows, engagementRows };
    },
    { rollback: dryRun },
  );
}

async function createTables(session: Session): Promise<void> {
  for (const name of aggregates) {
    await session.run(sql(`aggregate/${name}/table`));
    await session.run(sql(`aggregate/${name}/index`));
  }
}

async function replace(
  session: Session,
  name: (typeof aggregates)[number],
  [start, end, minute]: [number, number, Minute],
): Promise<number> {
  await session.run(sql(`aggregate/${name}/clear`), [start, end]);
  return session.run(sql(`aggregate/${name}/fill`), [start, end, minute]);
}
