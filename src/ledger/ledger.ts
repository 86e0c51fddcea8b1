import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql, version } from '../files.ts';
import { known } from '../shared/known.ts';
import type { Window } from '../time.ts';
import { listAggregates, overEvents, rowsOf } from '../log/aggregates.ts';
import type { Minute } from '../log/log.ts';
import { merge, subtract } from './windows.ts';

/** An aggregated stretch with one minute rule. */
export interface Covered extends Window {
  minute: Minute;
}

/** One row of `zen_runs`. Times are Unix milliseconds. */
export interface Run extends Covered {
  started: number;
  finished: number;
  events: number | null;
  /** The rows of each aggregate, by its name. */
  written: Record<string, number> | null;
  /**
   * `pruned`: the log's events of the window were taken out; `dropped`: the aggregates' rows; `restored`: a backup replaced the log,
   * and has its events there.
   */
  outcome: 'done' | 'failed' | 'pruned' | 'dropped' | 'restored';
  error: string | null;
  zen_version: string;
}

/** The outcome of one window. */
export interface Aggregated {
  /** Events of the log in the window. */
  events: number;
  /** The rows of each aggregate, by its name. */
  rows: Record<string, number>;
}

export function hasLedger(session: Session): Promise<boolean> {
  return hasTable(session, 'zen_runs');
}

/** Reads the aggregated stretches, in order and without overlap: a later run overrides earlier ones. */
export async function queryCovered(session: Session): Promise<Covered[]> {
  return joinStretches(await queryLast(session, 'done', ['dropped', 'restored']));
}

/** A stretch that is aggregated, except in one table: its aggregate is new, or its statement has changed since. */
export interface Outdated extends Window {
  table: string;
}

export async function queryOutdated(session: Session): Promise<Outdated[]> {
  const done = await queryLast(session, 'done', ['dropped', 'restored']);
  return listAggregates().flatMap(({ name, table, hash }) =>
    merge(done.filter(({ statements }) => statements?.[name] !== hash)).map((window) => ({
      ...window,
      table,
    })),
  );
}

/** The minute rule of the rows of each aggregated stretch, also where a log was restored since. */
export async function queryRules(session: Session): Promise<Covered[]> {
  return joinStretches(await queryLast(session, 'done', ['dropped']));
}

/** Reads the stretches of a restored log that have not been aggregated since. */
export async function queryRestored(session: Session): Promise<Covered[]> {
  return joinStretches(await queryLast(session, 'restored', ['done']));
}

/** Reads the stretches whose events were pruned from the log, and not aggregated again since. */
export async function queryPruned(session: Session): Promise<Covered[]> {
  return joinStretches(await queryLast(session, 'pruned', ['done']));
}

/** A stretch of the ledger, with the hashes of the statements that made the rows of the aggregates. */
interface CoveredBy extends Covered {
  statements: Record<string, string> | null;
}

/** The stretches whose last row in the ledger, among some kinds, is of the first kind; in order. */
async function queryLast(
  session: Session,
  outcome: Run['outcome'],
  others: Run['outcome'][],
): Promise<CoveredBy[]> {
  if (!(await hasLedger(session))) return [];
  const runs = await session.query<CoveredBy & Pick<Run, 'outcome'>>(sql('ledger/done'), [
    [outcome, ...others].join(),
  ]);
  let taken: Window[] = [];
  const latest = runs.toReversed().flatMap(({ minute, statements, ...run }) => {
    const seen = subtract(run, taken).map((window) => ({ ...window, minute, statements }));
    if (seen.length > 0) taken = merge([...taken, run]);
    return run.outcome === outcome ? seen : [];
  });
  return latest.sort((a, b) => a.start - b.start);
}

/** Joins stretches that meet and have the same rule. */
function joinStretches(stretches: readonly Covered[]): Covered[] {
  const joined: Covered[] = [];
  for (const { start, end, minute } of stretches) {
    const last = joined.at(-1);
    if (last?.end === start && last.minute === minute) last.end = end;
    else joined.push({ start, end, minute });
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
  return known(row).finished;
}

/** The last aggregated minute with an event before a time, both Unix milliseconds; null when there is none. */
export async function queryLatest(session: Session, before: number): Promise<number | null> {
  const [row] = await session.query<{ last: number | null }>(overEvents('ledger/latest'), [before]);
  return known(row).last;
}

/** Writes a row for a window that took some milliseconds. */
export async function record(
  session: Session,
  { start, end, minute }: Covered,
  ms: number,
  outcome:
    | Aggregated
    | { error: string }
    | { pruned: number }
    | { dropped: Aggregated['rows'] }
    | { restored: number },
): Promise<void> {
  const took = Math.round(ms);
  const figures = outcomeValues(outcome);
  await session.run(sql('ledger/write'), [start, end, minute, took, ...figures, version()]);
}

/** The events, the rows and statements of the aggregates, the outcome and the error, as in the ledger. */
function outcomeValues(outcome: Parameters<typeof record>[3]): (string | number | null)[] {
  if ('error' in outcome) return [null, null, null, 'failed', simplify(outcome.error)];
  if ('pruned' in outcome) return [outcome.pruned, null, null, 'pruned', null];
  if ('restored' in outcome) return [outcome.restored, null, null, 'restored', null];
  if ('dropped' in outcome) return [null, ...encodeRows(outcome.dropped), 'dropped', null];
  return [outcome.events, ...encodeRows(outcome.rows), 'done', null];
}

function encodeRows(rows: Aggregated['rows']): [written: string, statements: string] {
  const aggregates = listAggregates();
  const written = aggregates.map((one) => [one.name, rowsOf(rows, one)]);
  const statements = aggregates.map(({ name, hash }) => [name, hash]);
  return [JSON.stringify(Object.fromEntries(written)), JSON.stringify(Object.fromEntries(statements))];
}

/** Replaces marks in a message that a database in another encoding than UTF8 may lack. */
function simplify(text: string): string {
  return text.replaceAll(/[“”]/g, '"').replaceAll('’', "'").replaceAll('…', '...');
}
