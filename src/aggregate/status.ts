import type { Database } from '../db/database.ts';
import { requireTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import type { Window } from '../time.ts';
import { queryChanged } from '../ledger/changed.ts';
import type { Changed } from '../ledger/changed.ts';
import { queryCovered, queryRuns } from '../ledger/ledger.ts';
import type { Covered, Run } from '../ledger/ledger.ts';
import { merge, subtract } from '../ledger/windows.ts';

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
    changed: await queryChanged(db, coverage),
    age: end === undefined ? null : now - end,
    runs: await queryRuns(db, lastRuns),
  };
}
