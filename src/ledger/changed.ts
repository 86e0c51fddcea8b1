import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { known } from '../shared/known.ts';
import { minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { eventsParts, findCounting, overEvents } from '../log/aggregates.ts';
import { overLog, windowOf } from '../log/log.ts';
import { countEvents, queryEdges } from '../log/questions.ts';
import { findOwnLog, possible } from '../log/source.ts';
import { queryLatest, queryPruned, queryRestored } from './ledger.ts';
import type { Covered } from './ledger.ts';
import { stateText } from './state.ts';
import type { TableState } from './state.ts';
import { clip, dayOf, dayWindow, intersect, subtract } from './windows.ts';

/** A stretch of minutes for which the log and `dash_visits` count different numbers of events. */
export interface Changed extends Window {
  /** Events of the log, now. */
  events: number;
  /** Events in `dash_visits`. */
  visits: number;
}

/** Tells whether this role may read the whole log. A reader of the aggregates need not. */
export async function mayCompare(session: Session): Promise<boolean> {
  return (await readLogState(session))?.hides === false;
}

/** Tells whether there is a log that this role may read, at least in part. */
export async function mayRead(session: Session): Promise<boolean> {
  if (findOwnLog()?.query !== undefined) return true;
  return (await readLogState(session)) !== undefined;
}

/**
 * The time of the last event up to now, in Unix milliseconds: from the log or, if that was pruned or may not be read, from the
 * aggregates. Null without events.
 *
 * @param end the log's last event, where it is known; it may be in the future
 */
export async function queryLastEvent(
  session: Session,
  now: number,
  end: number | null = null,
): Promise<number | null> {
  const aggregated = (await hasTable(session, findCounting().table)) ? await queryLatest(session, now) : null;
  if (!(await mayCompare(session))) return aggregated;
  // Later events are of a wrong clock; earlier ones are not the last.
  const window = { start: aggregated ?? possible.start, end: now + 1 };
  const last = end !== null && end <= now ? end : (await queryEdges(session, window)).last;
  return last === null || aggregated === null ? (last ?? aggregated) : Math.max(last, aggregated);
}

/** The state of the log's table; undefined if it does not exist, or may not be read. */
async function readLogState(session: Session): Promise<TableState | undefined> {
  const tables = await session.query<TableState>(stateText());
  return tables.find(({ name, readable }) => name === 'log_raw' && readable);
}

/** Compares the log with the aggregates, minute by minute. Pruned events may be missing in the log. */
export async function queryChanged(session: Session, coverage: readonly Covered[]): Promise<Changed[]> {
  const changed: Changed[] = [];
  const pruned = await queryPruned(session);
  const isPruned = (time: number) => pruned.some(({ start, end }) => start <= time && time < end);
  for (const stretch of coverage) {
    for (const one of await compareMinutes(session, stretch)) {
      if (one.events > one.visits || !isPruned(one.start))
        extend(changed, { ...one, end: one.start + minuteMs });
    }
  }
  return changed;
}

/**
 * The changes before a time. Where a stretch has as many events in the log as in the tables, its minutes are not
 * compared: to count the events of a long log is quicker.
 */
export async function queryChangedBefore(
  session: Session,
  end: number,
  coverage: readonly Covered[],
): Promise<Changed[]> {
  const pruned = await queryPruned(session);
  const changed: Changed[] = [];
  for (const { minute, ...stretch } of clip(coverage, { start: -Infinity, end })) {
    const gone = clip(pruned, stretch).map((part) => ({ part, held: 0 }));
    const kept = subtract(stretch, pruned).map(async (part) => ({
      part,
      held: await countVisits(session, part),
    }));
    for (const { part, held } of [...gone, ...(await Promise.all(kept))]) {
      const [from, to] = windowOf(part, minute);
      if (held !== (await countEvents(session, { start: from, end: to })))
        changed.push(...(await queryChanged(session, [{ ...part, minute }])));
    }
  }
  return changed;
}

async function countVisits(session: Session, { start, end }: Window): Promise<number> {
  const [row] = await session.query<{ events: number }>(overEvents('ledger/events'), [start, end]);
  return known(row).events;
}

/**
 * The stretches that can be aggregated anew without losing a number: of days in which events came late and none went, all that the log
 * still has. Not of days that were pruned from the log: their people could not be counted again.
 */
export async function queryGrown(session: Session, stretches: readonly Covered[]): Promise<Window[]> {
  if (stretches.length === 0 || !(await mayCompare(session))) return [];
  const pruned = await queryPruned(session);
  const grows = new Map<number, boolean>();
  for (const stretch of stretches)
    for (const { start, events, visits } of await compareMinutes(session, stretch)) {
      const day = dayOf(start);
      if (clip(pruned, dayWindow(day)).length === 0)
        grows.set(day, (grows.get(day) ?? true) && events > visits);
    }
  const days = [...grows].flatMap(([day, isGrown]) => (isGrown ? [dayWindow(day)] : []));
  return days.flatMap((day) => clip(stretches, day));
}

/**
 * The minutes of days that were pruned in which the log has events all the same, though no more than were aggregated: they came late, or
 * were put back. Nothing can count them, unless the log has all of the minute again, as one has that was restored since.
 */
export async function queryLate(session: Session): Promise<Changed[]> {
  const pruned = await queryPruned(session);
  if (pruned.length === 0 || !(await mayCompare(session))) return [];
  const late: Changed[] = [];
  const restored = await queryRestored(session);
  for (const stretch of pruned) {
    const left = await queryEdges(session, { start: stretch.start - minuteMs, end: stretch.end });
    if (left.first === null || left.last === null) continue;
    const near = {
      start: left.first - (left.first % minuteMs),
      end: left.last - (left.last % minuteMs) + 2 * minuteMs,
    };
    const part = intersect(stretch, near);
    for (const one of part ? await compareMinutes(session, { ...part, minute: stretch.minute }, true) : []) {
      const { start, events, visits } = one;
      const isBack = events === visits && restored.some((of) => of.start <= start && start < of.end);
      if (events > 0 && events <= visits && !isBack) extend(late, { ...one, end: start + minuteMs });
    }
  }
  return late;
}

/** Counts the events of a stretch that are in `dash_visits` but no longer in the log. */
export async function countLost(session: Session, stretch: Covered): Promise<number> {
  const minutes = await compareMinutes(session, stretch);
  return minutes.reduce((sum, { events, visits }) => sum + Math.max(0, visits - events), 0);
}

/** The minutes in which the log and `dash_visits` differ; with `all`, those in which the log has any events. */
async function compareMinutes(
  session: Session,
  { start, end, minute }: Covered,
  all = false,
): Promise<Omit<Changed, 'end'>[]> {
  const parts = eventsParts();
  if (!(await hasTable(session, parts.counted))) return [];
  return session.query(overLog('ledger/changed', parts), [
    ...windowOf({ start, end }, minute),
    all,
    start,
    end,
  ]);
}

/** Appends a minute to the last stretch if it follows directly, or else as a new stretch. */
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
