import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { describeWindow, isoTime, lastMidnight, requireOrder } from '../time.ts';
import type { Window } from '../time.ts';
import { countLost, queryGrown } from '../ledger/changed.ts';
import { listEventful, queryEdges } from '../log/questions.ts';
import { hasLedger, queryCovered, queryOutdated, queryPruned, queryRestored } from '../ledger/ledger.ts';
import { listAggregates, overEvents } from '../log/aggregates.ts';
import { aboutLog, overLog } from '../log/log.ts';
import { requireLog } from '../log/require.ts';
import type { Minute } from '../log/log.ts';
import {
  clip,
  cutAtMidnights,
  dayOf,
  dayWindow,
  intersect,
  listDays,
  merge,
  subtract,
} from '../ledger/windows.ts';

export interface PlanOptions {
  /** Unix milliseconds; without it, what is not aggregated yet. */
  start?: number | undefined;
  /** Unix milliseconds, not in the window; without it, the last UTC midnight. */
  end?: number | undefined;
  minute: Minute;
  /** Without a start: how many milliseconds before the end of what is aggregated to read again. */
  lookback?: number | undefined;
  /** Without a start: of how many milliseconds before the end to aggregate the days anew in which events came late. */
  heal?: number | undefined;
}

/**
 * The windows that a run covers, in order. With a start, there is one. Without, they catch up: everything from the first
 * aggregated minute (when nothing is, from the log's first event) that is not aggregated yet, or was restored since. Empty when that
 * is nothing.
 *
 * @throws ZenError `usage` when the window ends before it starts, `failed` when there is no log, or some of it was pruned
 */
export async function plan(
  db: Database,
  { start, end, minute, lookback = 0, heal = 0 }: PlanOptions,
  now: number,
): Promise<Window[]> {
  await requireLog(db);
  const to = end ?? lastMidnight(now);
  if (start === undefined) return catchUp(db, to, minute, { lookback, heal });
  if (end !== undefined) requireOrder('window', { start, end });
  if (start >= to) return [];
  await refusePruned(db, { start, end: to });
  return [{ start, end: to }];
}

async function catchUp(
  session: Session,
  to: number,
  minute: Minute,
  { lookback, heal }: { lookback: number; heal: number },
): Promise<Window[]> {
  const stretches = await queryCovered(session);
  const covered = merge(stretches);
  const restored = await queryRestored(session);
  const known = Math.min(...[...covered, ...restored].map(({ start }) => start));
  const from = known === Infinity ? await findStart(session, minute) : known;
  if (from === null || from >= to) return [];
  const end = Math.min(covered.at(-1)?.end ?? to, to);
  const again = { start: Math.max(from, end - lookback), end };
  const outdated = await queryOutdated(session);
  const current = covered.flatMap((window) => subtract(window, merge(outdated)));
  const missing = subtract({ start: from, end: to }, current);
  const pruned = await queryPruned(session);
  const own = clip(stretches, { start: to - heal, end: to }).filter((stretch) => stretch.minute === minute);
  const planned = [...missing, ...(again.start < again.end ? [again] : [])];
  return merge([
    ...planned.flatMap((window) => subtract(window, pruned)),
    ...(await queryGrown(session, own)),
  ]);
}

/** Refuses to aggregate what was pruned from the log, which would leave nothing. A restored log may have it again. */
async function refusePruned(session: Session, window: Window): Promise<void> {
  for (const { minute, ...stretch } of await queryPruned(session)) {
    const gone = intersect(stretch, window);
    if (!gone || (await countLost(session, { ...gone, minute })) === 0) continue;
    const why = `${describeWindow(gone)} was pruned from the log, so aggregating it would leave nothing`;
    throw new ZenError('failed', `${why}. Name a window after ${isoTime(gone.end)}, or restore the log.`);
  }
}

/** The start without a ledger: the last aggregated minute, which may be incomplete, or the first event. */
async function findStart(session: Session, minute: Minute): Promise<number | null> {
  const last = (await hasLedger(session)) ? null : await findWatermark(session);
  return last ?? (await findFirst(session, minute));
}

async function findWatermark(session: Session): Promise<number | null> {
  for (const { table } of listAggregates()) if (!(await hasTable(session, table))) return null;
  return readMinute(await session.query(overEvents('aggregate/watermark')));
}

/** The minute of the first event; both rules keep the order of time. */
async function findFirst(session: Session, minute: Minute): Promise<number | null> {
  const { first } = await queryEdges(session);
  if (first === null) return null;
  return readMinute(await session.query(overLog('log/minute'), [first, first + 1, minute]));
}

function readMinute([row]: { minute: number | null }[]): number | null {
  return row?.minute ?? null;
}

/** The most days of a window that are looked up one by one. */
const mostProbes = 62;

/** Cuts windows into pieces of one UTC day with events each (and the empty days before it), to be worked on side by side. */
export async function slice(db: Database, windows: readonly Window[]): Promise<Window[]> {
  const pieces: Window[] = [];
  for (const window of windows) {
    const length = dayOf(window.end - 1) - dayOf(window.start) + 1;
    const find = length > mostProbes ? scanDays : probeDays;
    pieces.push(...cutAtMidnights(window, length > 1 ? await find(db, window) : []));
  }
  return pieces;
}

/** The days that have events, found by reading all events: 3.2 M take 0.5 s. */
async function scanDays(db: Database, { start, end }: Window): Promise<number[]> {
  const days = await db.transaction(async (session) => {
    await session.query(sql('log/hash'));
    return session.query<{ day: number }>(aboutLog('log/days'), [start, end]);
  });
  return days.map(({ day }) => day);
}

/** The same, found by looking up one event for each day. */
async function probeDays(db: Database, window: Window): Promise<number[]> {
  const stretches = listDays(window).flatMap((day) => intersect(window, dayWindow(day)) ?? []);
  return (await listEventful(db, stretches)).map(({ start }) => dayOf(start));
}
