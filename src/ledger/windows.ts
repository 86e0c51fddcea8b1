import { dayMs } from '../time.ts';
import type { Window } from '../time.ts';

export { clip, intersect, merge, subtract, sumLengths } from '../shared/windows.ts';

/** The UTC day, counted from 1970-01-01, that a time (Unix milliseconds) is in. */
export function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

/** A UTC day, counted from 1970-01-01. */
export function dayWindow(day: number): Window {
  return { start: day * dayMs, end: (day + 1) * dayMs };
}

/** The UTC days that a window touches. */
export function listDays({ start, end }: Window): number[] {
  const first = dayOf(start);
  return Array.from({ length: dayOf(end - 1) - first + 1 }, (_, place) => first + place);
}

/**
 * Cuts a window at UTC midnights, so that each piece ends with one of `days` (in order, those that have events) and holds the
 * empty ones before it; the last piece goes on to the end.
 */
export function cutAtMidnights({ start, end }: Window, days: readonly number[]): Window[] {
  const bounds = [start, ...days.slice(0, -1).map((day) => (day + 1) * dayMs), end];
  return bounds.slice(1).map((bound, index) => ({ start: bounds[index] ?? start, end: bound }));
}

/** The whole UTC days that a window touches. */
export function wholeDays({ start, end }: Window): Window {
  return { start: dayOf(start) * dayMs, end: (dayOf(end - 1) + 1) * dayMs };
}

/** Groups windows that share a UTC day. */
export function groupByDay(windows: readonly Window[]): Window[][] {
  const groups: Window[][] = [];
  for (const window of windows.toSorted((a, b) => a.start - b.start)) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last && dayOf(last.end - 1) >= dayOf(window.start)) group.push(window);
    else groups.push([window]);
  }
  return groups;
}
