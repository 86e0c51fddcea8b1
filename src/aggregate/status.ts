import type { Database, Session } from '../db/database.ts';
import { hasTable, requireTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import { minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { queryCovered, queryRuns } from './ledger.ts';
import type { Covered, Run } from './ledger.ts';
import { merge, subtract } from './windows.ts';

/** A stretch of minutes for which the log and `dash_visits` count different numbers of events. */
export interface Changed extends Window {
  /** Events of the log, now. */
  events: number;
  /** Events in `dash_visits`. */
  visits: number;
}

/** What is aggregated of the log. Times are Unix milliseconds. */
export interface Status {
  /** The log's first and last event; null for an empty log. */
  first: number | null;
  last: number | null;
  /** Stretches that are aggregated, each with the rule it was aggregated with. */
  coverage: Covered[];
  /** What lies between them. */
  gaps: Window[];
  /** What has changed in the log since it was aggregated. */
  changed: Changed[];
  /** Milliseconds from the end of what is aggregated until now; null when nothing is. */
  age: number | null;
  /** The newest rows of the ledger, the last one first. */
  runs: Run[];
}

const lastRuns = 10;

/**
 * Looks up what is aggregated, and compares the log with it, minute by minute.
 *
 * @throws ZenError `failed` when there is no log
 */
export async function queryStatus(db: Database, now: number): Promise<Status> {
  await requireTable(db, 'log_raw', 'zen restore');
  const [span] = await db.query<{ first: number | null; last: number | null }>(sql('aggregate/span'));
  const coverage = await queryCovered(db);
  const whole = merge(coverage);
  const [start, end] = [whole[0]?.start, whole.at(-1)?.end];
  return {
    first: span?.first ?? null,
    last: span?.last ?? null,
    coverage,
    gaps: start === undefined || end === undefined ? [] : subtract({ start, end }, whole),
    changed: await findChanged(db, coverage),
    age: end === undefined ? null : now - end,
    runs: await queryRuns(db, lastRuns),
  };
}

async function findChanged(session: Session, coverage: readonly Covered[]): Promise<Changed[]> {
  if (!(await hasTable(session, 'dash_visits'))) return [];
  const changed: Changed[] = [];
  for (const { start, end, minute } of coverage) {
    const minutes = await session.query<Omit<Changed, 'end'>>(sql('aggregate/changed'), [start, end, minute]);
    for (const one of minutes) extend(changed, { ...one, end: one.start + minuteMs });
  }
  return changed;
}

/** Adds a minute to the last stretch when it follows on it, or else as a new one. */
function extend(stretches: Changed[], minute: Changed): void {
  const last = stretches.at(-1);
  if (last?.end !== minute.start) {
    stretches.push(minute);
    return;
  }
  last.end = minute.end;
  last.events += minute.events;
  last.visits += minute.visits;
}
