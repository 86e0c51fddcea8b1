import type { Database, Session } from '../db/database.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { queryChanged } from '../ledger/changed.ts';
import { hasLedger, queryCovered, queryPruned, record } from '../ledger/ledger.ts';
import { intersect, merge, subtract, wholeDays } from '../ledger/windows.ts';
import { describeWindow, lastMidnight } from '../time.ts';
import type { Window } from '../time.ts';
import { listAggregates, noRows, overEvents } from '../log/aggregates.ts';
import { windowOf } from '../log/log.ts';
import { withLock } from '../ledger/run-lock.ts';
import { pruneUsers } from '../people/table.ts';

export interface PruneOptions {
  /** The part of the log to keep, milliseconds before `now`; without it, all. */
  raw?: number | undefined;
  /** The part of the aggregates to keep, milliseconds before `now`; without it, all. */
  aggregates?: number | undefined;
  /** Do the work, and undo it. */
  dryRun: boolean;
  /** Milliseconds to wait for another run to end. */
  wait: number;
}

/** The events and rows that were deleted. */
export interface Pruned {
  /** Events of the log. */
  events: number;
  /** Days of the log that stay, because it has changed since they were aggregated. */
  kept: Window[];
  /** Rows of the aggregates, by their names. */
  rows: Record<string, number>;
}

/**
 * Takes old days, up to a UTC midnight, out of the log and the aggregates, in one transaction, and writes that into the ledger. Of
 * the log goes only what the ledger says is aggregated and what still has as many events as then, both from one snapshot: an event
 * that arrives meanwhile stays.
 *
 * @param now Unix milliseconds
 * @throws ZenError `failed` without a ledger, `locked` when another run is at work
 */
export async function prune(
  db: Database,
  { raw, aggregates, dryRun, wait }: PruneOptions,
  now: number,
): Promise<Pruned> {
  if (!(await hasLedger(db)))
    throw new ZenError(
      'failed',
      'There is no table zen_runs, which tells what is aggregated. Run zen aggregate first.',
    );
  const work = async (session: Session): Promise<Pruned> => ({
    ...{ events: 0, kept: [], rows: noRows() },
    ...(raw !== undefined && (await pruneLog(session, lastMidnight(now - raw)))),
    ...(aggregates !== undefined && (await pruneAggregates(session, lastMidnight(now - aggregates)))),
  });
  return withLock(db, wait, (lock) =>
    db.transaction(
      async (session) => {
        await lock.join(session);
        return work(session);
      },
      { rollback: dryRun, snapshot: 'read write' },
    ),
  );
}

async function pruneLog(session: Session, until: number): Promise<Pick<Pruned, 'events' | 'kept'>> {
  const gone = await queryPruned(session);
  const told = { events: 0, kept: [] as Window[] };
  for (const { minute, ...stretch } of await queryCovered(session)) {
    const old = intersect(stretch, { start: -Infinity, end: until });
    for (const window of old ? subtract(old, gone) : []) {
      const kept = merge((await queryChanged(session, [{ ...window, minute }])).map(wholeDays));
      for (const part of subtract(window, kept)) {
        const started = performance.now();
        const events = await session.run(sql('log/delete'), windowOf(part, minute).slice(0, 2));
        if (events !== (await countVisits(session, part))) throw hasChanged(part);
        told.events += events;
        if (events > 0)
          await record(session, { ...part, minute }, performance.now() - started, { pruned: events });
      }
      told.kept.push(...kept);
    }
  }
  return told;
}

async function countVisits(session: Session, { start, end }: Window): Promise<number> {
  const minutes = await session.query<{ events: number }>(overEvents('aggregate/minutes'), [start, end]);
  return minutes.reduce((sum, { events }) => sum + events, 0);
}

/** Makes the error for a log that changed meanwhile, as it may on Citus, whose nodes share no snapshot. */
function hasChanged(window: Window): ZenError {
  const why = `The log changed while it was being pruned: ${describeWindow(window)}`;
  return new ZenError('failed', `${why}. Nothing was changed. Run it again.`);
}

async function pruneAggregates(session: Session, until: number): Promise<Pick<Pruned, 'rows'>> {
  const [first] = await queryCovered(session);
  if (!first || first.start >= until) return { rows: noRows() };
  const started = performance.now();
  const window = { start: first.start, end: until };
  const rows = await clearAggregates(session, window);
  await pruneUsers(session, window);
  await record(session, { ...window, minute: first.minute }, performance.now() - started, { dropped: rows });
  return { rows };
}

/** Deletes the rows of a window from each aggregate. */
async function clearAggregates(session: Session, { start, end }: Window): Promise<Pruned['rows']> {
  const rows: Pruned['rows'] = {};
  for (const { name, table } of listAggregates())
    rows[name] = await session.run(sql('aggregate/clear', { table }), [start, end]);
  return rows;
}
