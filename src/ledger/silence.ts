import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import { findCounting, listAggregates, overEvents } from '../log/aggregates.ts';
import { dayMs, lastMidnight, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { queryCovered } from './ledger.ts';
import { clip, intersect, merge, subtract } from './windows.ts';

/** The first minute with rows, and the end of the last one. Null when the aggregates are empty, or none counts the events. */
export async function querySpan(session: Session): Promise<Window | null> {
  const there: string[] = [];
  for (const { table } of listAggregates()) if (await hasTable(session, table)) there.push(table);
  if (!there.includes(findCounting().table)) return null;
  const [span] = await session.query<{ start: number | null; end: number | null }>(
    sql('ledger/span', { edges: edgesOf(there) }),
  );
  return span?.start == null || span.end == null ? null : { start: span.start, end: span.end };
}

/** The first and the last minute of each table, found by its index. */
function edgesOf(tables: readonly string[]): string {
  return tables
    .flatMap((table) => [`select min(dt) as dt from ${table}`, `select max(dt) from ${table}`])
    .join(' union all ');
}

/** A day is complete if its first event comes this soon after midnight. */
const early = 30 * minuteMs;

/** Returns the stretches in which the log is known: the aggregated ones, from their first event; without a ledger, everything between the first and the last minute. */
export async function queryKnown(session: Session): Promise<Window[]> {
  const span = await querySpan(session);
  if (!span) return [];
  const covered = merge(await queryCovered(session));
  if (covered.length === 0) return [span];
  const midnight = lastMidnight(span.start);
  return clip(covered, { start: span.start - midnight < early ? midnight : span.start, end: Infinity });
}

/** The time around a window that is examined, too: the neighbourhood of its pauses, and the same minutes of other days. */
const margin = 2 * dayMs;

/** The stretches of a window in which a busy log was silent, not by chance; `known` comes from `queryKnown`. */
export async function querySilences(
  session: Session,
  window: Window,
  known: readonly Window[],
): Promise<Window[]> {
  const around = { start: window.start - margin, end: window.end + margin };
  const span = await querySpan(session);
  const probed = span && intersect(span, around);
  if (!probed) return [];
  const rows = await session.query<{ minute: number }>(overEvents('ledger/minutes'), [
    Math.floor(probed.start / minuteMs) * minuteMs,
    probed.end,
  ]);
  return clip(
    listSilences(
      rows.map(({ minute }) => minute),
      clip(known, around),
    ),
    window,
  );
}

/** A shorter pause is never called a silence. */
const shortest = 5;
/** Minutes on each side that tell how long the log usually pauses. */
const near = 240;
/** A less probable pause is not chance. */
const chance = 1e-6;

/**
 * Finds the pauses of a log that cannot be chance. Such a pause has at least 5 minutes, and lies beside busy time: of as many minutes
 * as it has, a third at least have events, before it and after it (only before it, where what is known ends). On the quieter side the
 * log hardly ever pauses so long. There the probability is the chance that a pause begins, times that of one more empty minute for each
 * that follows, both from the 4 hours beside it (Krichevsky and Trofimov's estimate, two minutes more that ended a pause). The longest
 * other pause is left out, as it may be another failure. A pause that the days beside it make at the same time is a habit of the log.
 *
 * @param active the minutes with events, Unix milliseconds, in order
 * @param known what is aggregated, merged; minutes outside of it are neither empty nor busy
 */
export function listSilences(active: readonly number[], known: readonly Window[]): Window[] {
  const silent = new Set<number>();
  const found: Window[] = [];
  for (const pause of listPauses(active, known)) {
    if (!isBusyBeside(pause, active) || isHabit(pause, active, known)) continue;
    const sides = sidesOf(pause, active, near * minuteMs);
    if (sides.some((side) => weigh(pause, side, active, silent) >= chance)) continue;
    silent.add(pause.start);
    found.push(pause);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The pauses that are long enough, the shortest first. A silence found among them is not a habit of the log when longer ones are weighed. */
function listPauses(active: readonly number[], known: readonly Window[]): Window[] {
  const isLong = (pause: Window) => lengthOf(pause) >= shortest;
  return active
    .map((minute, at) => ({ start: minute + minuteMs, end: active[at + 1] ?? Infinity }))
    .filter(isLong) // few are, and to clip one takes longer
    .flatMap((pause) => clip(known, pause))
    .filter(isLong)
    .sort((a, b) => lengthOf(a) - lengthOf(b) || a.start - b.start);
}

function lengthOf({ start, end }: Window): number {
  return (end - start) / minuteMs;
}

/** The index of the first minute at or after a time. */
function firstNotBefore(active: readonly number[], time: number): number {
  let [low, high] = [0, active.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((active[middle] ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countActive(active: readonly number[], { start, end }: Window): number {
  return firstNotBefore(active, end) - firstNotBefore(active, start);
}

/** The time asked for before and after a pause. A side that borders on unknown time is empty. */
function sidesOf({ start, end }: Window, active: readonly number[], length: number): Window[] {
  return [
    ...(countActive(active, { start: start - minuteMs, end: start }) > 0
      ? [{ start: start - length, end: start }]
      : []),
    ...(countActive(active, { start: end, end: end + minuteMs }) > 0
      ? [{ start: end, end: end + length }]
      : []),
  ];
}

function isBusyBeside(pause: Window, active: readonly number[]): boolean {
  const sides = sidesOf(pause, active, pause.end - pause.start);
  return sides.length > 0 && sides.every((side) => countActive(active, side) * 3 >= lengthOf(pause));
}

/** Tells whether the known days before and after had hardly an event at that time: in less than a quarter of the minutes. */
function isHabit({ start, end }: Window, active: readonly number[], known: readonly Window[]): boolean {
  const days = [
    { start: start - dayMs, end: Math.min(end - dayMs, start) },
    { start: Math.max(start + dayMs, end), end: end + dayMs },
  ].flatMap((day) => {
    const minutes = clip(known, day).reduce((sum, window) => sum + lengthOf(window), 0);
    return minutes * 2 >= lengthOf(day) ? [{ minutes, busy: countActive(active, day) }] : [];
  });
  return days.length > 0 && days.every(({ minutes, busy }) => busy * 4 < minutes);
}

/** The probability of a pause, judged by one side of it. */
function weigh(pause: Window, side: Window, active: readonly number[], silent: Set<number>): number {
  const minutes = active.slice(firstNotBefore(active, side.start), firstNotBefore(active, side.end));
  const pauses = minutes
    .slice(1)
    .map((minute, at) => ({ start: (minutes[at] ?? minute) + minuteMs, end: minute }))
    .filter((other) => other.end > other.start && !silent.has(other.start))
    .map(lengthOf)
    .sort((a, b) => b - a)
    .slice(1);
  const empty = pauses.reduce((sum, length) => sum + length, 0);
  const begins = (pauses.length + 0.5) / (minutes.length + 1);
  const goesOn = (empty - pauses.length + 0.5) / (empty + 2.5);
  return begins * goesOn ** (lengthOf(pause) - 1);
}

/** Returns the known stretches without their silences. */
export async function queryHeard(session: Session, window: Window): Promise<Window[]> {
  const known = await queryKnown(session);
  const silences = await querySilences(session, window, known);
  return clip(known, window).flatMap((stretch) => subtract(stretch, silences));
}
