import type { Session } from '../db/database.ts';
import { overEvents } from '../log/aggregates.ts';
import { queryHeard } from '../ledger/silence.ts';
import { clip, intersect, subtract, sumLengths } from '../ledger/windows.ts';
import { known } from '../shared/known.ts';
import type { Change, Compared } from '../shared/text/change.ts';
import { dayMs, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { callName } from './columns.ts';

/** The least time that two days must share to be comparable. */
const least = 60 * minuteMs;

/**
 * Compares the last whole UTC day of a period with the day before and the same day a week before, which may lie before
 * the period. Only minutes that both days have are compared. Left out are those never aggregated, before the log's
 * first event, or silent.
 *
 * @returns with all topics, the most changed first; null when there is nothing to compare
 */
export async function queryChange(
  session: Session,
  period: Window,
  translate: (text: string) => string,
): Promise<Change | null> {
  const day = Math.floor(period.end / dayMs) * dayMs - dayMs;
  if (day < period.start) return null;
  const heard = await queryHeard(session, { start: day - 7 * dayMs, end: day + dayMs });
  const dayBefore = await compareWithDay(session, day, day - dayMs, heard);
  const weekBefore = await compareWithDay(session, day, day - 7 * dayMs, heard);
  const base = dayBefore ?? weekBefore;
  if (!base) return null;
  const [whole] = await session.query<{ events: number }>(overEvents('ledger/events'), [day, day + dayMs]);
  return {
    day,
    events: known(whole).events,
    dayBefore: dayBefore?.compared ?? null,
    weekBefore: weekBefore?.compared ?? null,
    topics: base.topics
      .map(({ item_topic, on_day, before }) => ({
        name: callName(item_topic, translate),
        by: on_day - before,
      }))
      .filter(({ by }) => by !== 0)
      .toSorted((a, b) => Math.abs(b.by) - Math.abs(a.by)),
  };
}

/** Keeps the topics that changed most, of those that a page names; null of one that names all. */
export function keepLargest(change: Change, named: readonly string[] | null): Change {
  return { ...change, topics: change.topics.filter(({ name }) => named?.includes(name) ?? true).slice(0, 3) };
}

interface MovedTopic {
  item_topic: string;
  on_day: number;
  before: number;
}

/** Compares two UTC days; null when they share too little. */
async function compareWithDay(
  session: Session,
  day: number,
  before: number,
  heard: readonly Window[],
): Promise<{ compared: Compared; topics: MovedTopic[] } | null> {
  const [own, other] = [day, before].map((start) =>
    clip(heard, { start, end: start + dayMs }).map((window) => ({
      start: window.start - start,
      end: window.end - start,
    })),
  ) as [Window[], Window[]];
  const both = own.flatMap((window) => other.flatMap((one) => intersect(window, one) ?? []));
  if (sumLengths(both) < least) return null;
  const topics = await session.query<MovedTopic>(overEvents('render/days'), [
    day,
    before,
    both.map(({ start }) => start).join(),
    both.map(({ end }) => end).join(),
  ]);
  const sum = (name: 'on_day' | 'before') => topics.reduce((all, row) => all + row[name], 0);
  const left = subtract({ start: 0, end: dayMs }, both);
  return { compared: { now: sum('on_day'), then: sum('before'), left }, topics };
}
