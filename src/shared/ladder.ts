import { minuteMs } from './units.ts';
import type { Window } from './windows.ts';

/** Steps of equal length for the rows before `until` (Unix milliseconds), each starting at a multiple of that length in UTC. */
export interface Rung {
  until: number;
  minutes: number;
}

/**
 * The steps of a page by age, oldest first, each rung finer than the one before. Everything after the last rung is in
 * minutes.
 */
export type Ladder = readonly Rung[];

/** The lengths of steps that replace single minutes, in minutes, longest first. Each is a multiple of the next. */
export const longSteps: readonly number[] = [1440, 180, 60, 30];

/** The lengths of drawn steps in minutes. Each divides a day; those for weeks and more divide one another. */
const usualSteps = [1, 2, 5, 15, 30, 60, 180, 360, 1440];

/**
 * Returns the shortest usual step, in minutes, that cuts a number of minutes into at most `most` steps; a day when none
 * does.
 */
export function stepFor(minutes: number, most: number): number {
  return usualSteps.find((step) => minutes / step <= most) ?? 1440;
}

/** The most steps that a history has (templates/charts/history.vl.json). */
export const historySteps = 360;

/** Returns the step in force at a time, in milliseconds. */
export function stepAt(ladder: Ladder, time: number): number {
  return (ladder.find(({ until }) => time < until)?.minutes ?? 1) * minuteMs;
}

/** Lists, for each long step, the time before which no step is shorter. */
export function listBounds(ladder: Ladder): number[] {
  return longSteps.map((step) =>
    ladder.reduce((bound, { until, minutes }) => (minutes >= step ? until : bound), -8.64e15),
  );
}

/** Reverses `listBounds`, for a period with a given start. */
export function toLadder(bounds: readonly number[], start: number): Rung[] {
  let from = start;
  return longSteps.flatMap((minutes, at) => {
    const until = bounds[at];
    if (until === undefined || until <= from) return [];
    from = until;
    return [{ until, minutes }];
  });
}

/**
 * Returns the start of each step of a window, none shorter than `least` (milliseconds). The first may begin before the
 * window.
 */
export function cutSteps(ladder: Ladder, { start, end }: Window, least: number): number[] {
  const starts: number[] = [];
  for (let time = start; time < end;) {
    const step = Math.max(least, stepAt(ladder, time));
    const first = Math.floor(time / step) * step;
    starts.push(first);
    time = first + step;
  }
  return starts;
}

/**
 * Returns, for each minute of a window, the minute at which its step begins, counted from the window's first. No step
 * is shorter than `least` (milliseconds).
 */
export function placeSteps(ladder: Ladder, { start, end }: Window, least: number): Uint32Array {
  const base = Math.floor(start / minuteMs) * minuteMs;
  const starts = cutSteps(ladder, { start: base, end }, least).map((time) =>
    Math.max(0, (time - base) / minuteMs),
  );
  const places = new Uint32Array(Math.ceil((end - base) / minuteMs));
  for (const [at, place] of starts.entries()) places.fill(place, place, starts[at + 1]);
  return places;
}

/** Widens a window to whole steps, possibly beyond the period of the page. */
export function snap(ladder: Ladder, { start, end }: Window): Window {
  const [first, last] = [stepAt(ladder, start), stepAt(ladder, end - 1)];
  return { start: Math.floor(start / first) * first, end: Math.ceil(end / last) * last };
}

/**
 * Tells whether a page of that period may have these steps: each rung finer than the last, and whole unless the period
 * cuts it off.
 */
export function isLadder(ladder: Ladder, { start, end }: Window): boolean {
  const isWhole = ladder.every(
    ({ until, minutes }) => until === end || (until < end && until % (minutes * minuteMs) === 0),
  );
  return isWhole && JSON.stringify(toLadder(listBounds(ladder), start)) === JSON.stringify(ladder);
}
