import { askOnce } from '../db/database.ts';
import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { aboutLog } from '../log/log.ts';
import { boundEvents, queryEdges } from '../log/questions.ts';
import type { Edges } from '../log/questions.ts';
import { requireLog } from '../log/require.ts';
import { possible } from '../log/source.ts';
import { dayMs, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { mayRead, queryChanged, queryLastEvent, queryLate } from '../ledger/changed.ts';
import type { Changed } from '../ledger/changed.ts';
import { queryCovered, queryOutdated, queryPruned, queryRuns } from '../ledger/ledger.ts';
import type { Covered, Outdated, Run } from '../ledger/ledger.ts';
import { findCounting } from '../log/aggregates.ts';
import { queryKnown, querySilences, querySpan } from '../ledger/silence.ts';
import { queryShort, queryUncounted } from '../ledger/uncounted.ts';
import { intersect, merge, subtract, wholeDays } from '../ledger/windows.ts';

/** The state of the aggregates. Times are Unix milliseconds. */
export interface Status {
  /** Tells whether there is a log that this role may read. */
  readable: boolean;
  /** The log's first and last event; null for an empty log, or one that may not be read. */
  first: number | null;
  last: number | null;
  /** Stretches that are aggregated, each with the rule it was aggregated with. */
  coverage: Covered[];
  /** The stretches between them. */
  gaps: Window[];
  /** Stretches in which a busy log was silent; of a long log, only those of its last day. */
  silences: Window[];
  /** Changes of the log since it was aggregated; null where they were not looked for. */
  changed: Changed[] | null;
  /** Events of days that were pruned from the log, which are in no table. */
  late: Changed[];
  /** Of what is aggregated, where people were not counted, though they are elsewhere. Not what was pruned from the log. */
  uncounted: Window[];
  /** Days whose people are known less far back than the days before them are aggregated. */
  short: Window[];
  /** Stretches that a table lacks, or has by another statement than it has now. */
  outdated: Outdated[];
  /** Milliseconds from the end of what is aggregated until now; null when nothing is. */
  age: number | null;
  /** The last event that is not in the future, in the log or (where the log was pruned) aggregated, and the milliseconds from it until now; null when there is none. */
  lastEvent: number | null;
  eventAge: number | null;
  /** The newest rows of the ledger, the last one first. */
  runs: Run[];
}

const lastRuns = 10;

/** The most events of a log that is always compared as a whole: it takes some tenths of a second. */
export const mostCompared = 500_000;

/** The time before the end of what is known in which silences of a longer log are looked for. */
const recent = dayMs;

/**
 * Looks up what is aggregated, by what the ledger and the tables know, in one snapshot. A log of up to 500,000 events is compared
 * with it, minute by minute.
 *
 * @param deep compare a long log, too, and look for silences in all of it: 10 M events take some seconds
 * @throws ZenError `failed` when there is neither a log nor a table of its events
 */
export function queryStatus(db: Database, now: number, deep = false): Promise<Status> {
  return db.transaction((session) => readStatus(askOnce(session), now, deep), { snapshot: 'read only' });
}

async function readStatus(session: Session, now: number, deep: boolean): Promise<Status> {
  const readable = await mayRead(session);
  if (readable || !(await hasTable(session, findCounting().table))) await requireLog(session);
  const all = deep || (readable && !(await isLong(session)));
  const edges = readable ? await queryLogEdges(session, all) : undefined;
  const lastEvent = await queryLastEvent(session, now, edges?.last);
  const coverage = await queryCovered(session);
  const whole = merge(coverage);
  const [start, end] = [whole[0]?.start, whole.at(-1)?.end];
  return {
    readable,
    first: edges?.first ?? null,
    last: edges?.last ?? null,
    coverage,
    gaps: start === undefined || end === undefined ? [] : subtract({ start, end }, whole),
    silences: await queryKnownSilences(session, all),
    changed: readable && all ? await queryChanged(session, coverage) : null,
    late: await queryLate(session),
    uncounted: await queryLacking(session, whole),
    short: await queryShort(session, whole),
    outdated: await queryOutdated(session),
    age: end === undefined ? null : now - end,
    lastEvent,
    eventAge: lastEvent === null ? null : now - lastEvent,
    runs: await queryRuns(session, lastRuns),
  };
}

/** Finds the edges of a log. Of a long one, they are looked for where the tables and the ledger end: without a btree, all of it would be read. */
async function queryLogEdges(session: Session, all: boolean): Promise<Edges> {
  const known = all ? null : await querySpan(session);
  if (!known) return queryEdges(session);
  const pruned = await queryPruned(session);
  const { last } = await queryEdges(session, { ...possible, start: known.end - minuteMs });
  for (const end of [known.start + minuteMs, ...pruned.map((window) => window.end + dayMs)]) {
    const { first } = await queryEdges(session, { ...possible, end });
    if (first !== null && last !== null) return { first, last };
  }
  return queryEdges(session);
}

/** Tells whether a log is long: by what the server knows of its size, or, where that is not twice as much, by reading so many events. */
async function isLong(session: Session): Promise<boolean> {
  const { all } = await boundEvents(session, possible);
  if (all > 2 * mostCompared && all < Infinity) return true;
  return (await session.query(aboutLog('log/long'), [mostCompared])).length > 0;
}

async function queryKnownSilences(session: Session, all: boolean): Promise<Window[]> {
  const known = await queryKnown(session);
  const [start, end] = [known[0]?.start, known.at(-1)?.end];
  if (start === undefined || end === undefined) return [];
  return querySilences(session, { start: all ? start : Math.max(start, end - recent), end }, known);
}

async function queryLacking(session: Session, covered: readonly Window[]): Promise<Window[]> {
  const [start, end] = [covered[0]?.start, covered.at(-1)?.end];
  if (start === undefined || end === undefined) return [];
  const days = (await queryUncounted(session, wholeDays({ start, end }))) ?? [];
  if (days.length === 0 || (await session.query('select from dash_users limit 1')).length === 0) return [];
  const pruned = await queryPruned(session);
  return merge(days.map((day) => ({ start: day, end: day + dayMs })))
    .flatMap((window) => covered.flatMap((stretch) => intersect(window, stretch) ?? []))
    .flatMap((window) => subtract(window, pruned));
}
