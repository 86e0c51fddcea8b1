import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql, version } from '../files.ts';
import type { Window } from '../time.ts';
import { merge, subtract } from './windows.ts';

/** Which minute an event belongs to: the one it happened in, or the nearest one (the original's rule). */
export type Minute = 'floor' | 'nearest';

/** A stretch that is aggregated, with one rule. */
export interface Covered extends Window {
  minute: Minute;
}

/** One row of `zen_runs`. Times are Unix milliseconds. */
export interface Run extends Covered {
  started: number;
  finished: number;
  events: number | null;
  visits_rows: number | null;
  engagement_rows: number | null;
  outcome: 'done' | 'failed';
  error: string | null;
  zen_version: string;
}

/** What one window gave. */
export interface Aggregated {
  /** Events of the log in the window: the sum of `visits`. */
  events: number;
  visitsRows: number;
  engagementRows: number;
}

export function hasLedger(session: Session): Promise<boolean> {
  return hasTable(session, 'zen_runs');
}

/** What is aggregated, in order, without overlap: a later run overrides the earlier ones. */
export async function queryCovered(session: Session): Promise<Covered[]> {
  if (!(await hasLedger(session))) return [];
  const runs = await session.query<Covered>(sql('ledger/done'));
  let taken: Window[] = [];
  const covered = runs.toReversed().flatMap((run) => {
    const seen = subtract(run, taken).map((window) => ({ ...window, minute: run.minute }));
    if (seen.length > 0) taken = merge([...taken, run]);
    return seen;
  });
  return join(covered.sort((a, b) => a.start - b.start));
}

/** Stretches that meet and have one rule become one. */
function join(stretches: readonly Covered[]): Covered[] {
  const joined: Covered[] = [];
  for (const stretch of stretches) {
    const last = joined.at(-1);
    if (last?.end === stretch.start && last.minute === stretch.minute) last.end = stretch.end;
    else joined.push({ ...stretch });
  }
  return joined;
}

/** The newest rows of the ledger, the last one first. */
export async function queryRuns(session: Session, count: number): Promise<Run[]> {
  return (await hasLedger(session)) ? session.query<Run>(sql('ledger/last'), [count]) : [];
}

/** When a window, or some of it, was last aggregated, Unix milliseconds; null if never. */
export async function queryFinished(session: Session, { start, end }: Window): Promise<number | null> {
  if (!(await hasLedger(session))) return null;
  const [row] = await session.query<{ finished: number | null }>(sql('ledger/finished'), [start, end]);
  return row?.finished ?? null;
}

/** Writes a row, of a window that took so many milliseconds. */
export async function record(
  session: Session,
  { start, end, minute }: Covered,
  ms: number,
  outcome: Aggregated | { error: string },
): Promise<void> {
  const took = Math.round(ms);
  const figures =
    'error' in outcome
      ? [null, null, null, 'failed', outcome.error]
      : [outcome.events, outcome.visitsRows, outcome.engagementRows, 'done', null];
  await session.run(sql('ledger/write'), [start, end, minute, took, ...figures, version()]);
}
