import { minuteMs } from './units.ts';
import type { Window } from './windows.ts';

/** Steps of so many minutes, each of which begins at a multiple of them in UTC: those of the rows before `until` (Unix milliseconds). */
export interface Rung {
  until: number;
  minutes: number;
}

/** The steps of a page by age, from its oldest part on, each rung shorter than the one before it. What is later than all is in minutes. */
export type Ladder = readonly Rung[];

/** Minutes of the steps that stand for single ones, the longest first. Each is a whole number of the next. */
export const longSteps: readonly number[] = [1440, 180, 60, 30];

/** The step in force at a time, in milliseconds. */
export function stepAt(ladder: Ladder, time: number): number {
  return (ladder.find(({ until }) => time < until)?.minutes ?? 1) * minuteMs;
}

/** For each long step the time before which no step is shorter. */
export function listBounds(ladder: Ladder): number[] {
  return longSteps.map((step) =>
    ladder.reduce((bound, { until, minutes }) => (minutes >= step ? until : bound), -8.64e15),
  );
}

/** The inverse of `listBounds`, for a period that starts then. */
export function toLadder(bounds: readonly number[], start: number): Rung[] {
  let from = start;
  return longSteps.flatMap((minutes, at) => {
    const until = bounds[at];
    if (until === undefined || until <= from) return [];
    from = until;
    return [{ until, minutes }];
  });
}

/** Gives the start of each step of a window, none shorter than `least` (milliseconds). The first may begin before the window. */
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

/** Widens a window to whole steps, which may go on beyond the period of the page. */
export function snap(ladder: Ladder, { start, end }: Window): Window {
  const [first, last] = [stepAt(ladder, start), stepAt(ladder, end - 1)];
  return { start: Math.floor(start / first) * first, end: Math.ceil(end / last) * last };
}

/** Tells whether a page of that period may have these steps: ever shorter ones, each rung whole, unless the period ends with it. */
export function isLadder(ladder: Ladder, { start, end }: Window): boolean {
  const isWhole = ladder.every(
    ({ until, minutes }) => until === end || (until < end && until % (minutes * minuteMs) === 0),
  );
  return isWhole && JSON.stringify(toLadder(listBounds(ladder), start)) === JSON.stringify(ladder);
}
