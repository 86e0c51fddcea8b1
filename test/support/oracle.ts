import type { Event } from '../../fixtures/generate.ts';

/**
 * Counts what the two aggregates must hold, over the events one by one: the definitions of docs/definitions.md again, sharing
 * nothing with `sql`. Rows are texts, sorted, so that two lists compare as they are.
 */
export function countVisits(
  events: readonly Sample[],
  rule: string,
  start = -Infinity,
  end = Infinity,
): string[] {
  const counts = new Map<string, number>();
  for (const event of events) {
    const minute = minuteOf(event.ts, rule);
    if (minute === null || minute < start || minute >= end) continue;
    const cell = JSON.stringify([minute, event.item_topic, event.source_topic, event.age_segment]);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  return [...counts].map(([cell, count]) => `${cell} ${count}`).sort();
}

export function countEngagement(
  events: readonly Sample[],
  rule: string,
  start = -Infinity,
  end = Infinity,
): string[] {
  const users = new Map<string, Set<number>>();
  for (const event of events) {
    const minute = minuteOf(event.ts, rule);
    if (minute === null || minute < start || minute >= end) continue;
    const cell = JSON.stringify([minute, event.item_topic, event.event, event.age_segment]);
    const seen = users.get(cell) ?? new Set();
    if (event.user_id !== null) seen.add(event.user_id);
    users.set(cell, seen);
  }
  return [...users].map(([cell, seen]) => `${cell} ${seen.size}`).sort();
}

/** The columns that the aggregates look at; anything but the fixture's rows may be missing. */
export type Sample = Record<'ts' | 'user_id', number | null> & {
  [Column in 'item_topic' | 'source_topic' | 'age_segment' | 'event']: Event[Column] | null;
};

/** The minute of an event, Unix milliseconds. The original: whole seconds, the nearest minute, a half to the even one. */
export function minuteOf(ts: number | null, rule: string): number | null {
  if (ts === null) return null;
  if (rule === 'floor') return ts - (((ts % 60_000) + 60_000) % 60_000);
  const seconds = Math.floor(ts / 1000);
  const minute = Math.floor(seconds / 60);
  const rest = seconds - minute * 60;
  const up = rest > 30 || (rest === 30 && minute % 2 !== 0);
  return (minute + Number(up)) * 60_000;
}

/** The distinct users of some events. */
export function countUsers(events: readonly Sample[]): number {
  return new Set(events.map(({ user_id }) => user_id).filter((id) => id !== null)).size;
}
