import { dayMs } from '../time.ts';
import type { Window } from '../time.ts';

/** The same time as the fewest windows, in order: those that meet or overlap become one. */
export function merge(windows: readonly Window[]): Window[] {
  const merged: Window[] = [];
  for (const { start, end } of windows.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** Takes others, which are merged, out of a window. */
export function subtract({ start, end }: Window, others: readonly Window[]): Window[] {
  const left: Window[] = [];
  let from = start;
  for (const other of others) {
    if (other.end <= from || other.start >= end) continue;
    if (other.start > from) left.push({ start: from, end: other.start });
    from = Math.max(from, other.end);
  }
  return from < end ? [...left, { start: from, end }] : left;
}

/** Returns the part that two windows share; undefined when there is none. */
export function intersect(one: Window, other: Window): Window | undefined {
  const [start, end] = [Math.max(one.start, other.start), Math.min(one.end, other.end)];
  return start < end ? { start, end } : undefined;
}

/** Returns the parts of stretches that lie in a window. */
export function clip<Stretch extends Window>(stretches: readonly Stretch[], window: Window): Stretch[] {
  return stretches.flatMap((stretch) => {
    const shared = intersect(stretch, window);
    return shared ? [{ ...stretch, ...shared }] : [];
  });
}

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

/** Windows that share a UTC day come to stand in one group. */
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
