import { ZenError } from '../errors.ts';
import { known } from '../shared/known.ts';
import { listBounds, longSteps, toLadder } from '../shared/ladder.ts';
import type { Ladder } from '../shared/ladder.ts';
import { isoTime, minuteMs, parseDuration } from '../time.ts';
import type { Window } from '../time.ts';

/** Rows up to an age (milliseconds before the end of the page) have steps of that many minutes. */
export interface StepByAge {
  age: number;
  minutes: number;
}

const words = new Map([
  ['minute', 1],
  ['30m', 30],
  ['hour', 60],
  ['3h', 180],
  ['day', 1440],
]);

/**
 * Reads steps by age, such as `1d:minute,7d:30m,day`: a day of minutes, 30-minute steps up to seven days of age, days
 * for anything older.
 *
 * @throws ZenError `usage` for anything else
 */
export function parseSteps(text: string): StepByAge[] {
  const parts = text.split(',').map((part) => part.trim().split(':'));
  const steps = parts.map(([one = '', two], at): StepByAge => {
    const minutes = words.get(two ?? one);
    const isLast = at === parts.length - 1;
    if (minutes === undefined || (two === undefined) !== isLast) throw refuse(text);
    return { age: isLast ? Infinity : readAge(one, text), minutes };
  });
  const isOrdered = steps.every(({ age, minutes }, at) => {
    const next = steps[at + 1];
    return next === undefined || (age < next.age && minutes < next.minutes);
  });
  if (!isOrdered) throw refuse(text);
  return steps;
}

function readAge(age: string, text: string): number {
  try {
    return parseDuration(age);
  } catch {
    throw refuse(text);
  }
}

function refuse(text: string): ZenError {
  return new ZenError(
    'usage',
    `“${text}” is not a ladder of steps. Write ages with ever longer steps (minute, 30m, hour, 3h, day), ` +
      'and then the step of everything older: 1d:minute,7d:30m,30d:hour,day.',
  );
}

/** Builds the ladder of a period. Each rung has whole steps, and ends no later than at the requested age. */
export function buildLadder({ start, end }: Window, steps: readonly StepByAge[]): Ladder {
  const bounds = longSteps.map((long) => {
    const at = steps.findIndex(({ minutes }) => minutes >= long);
    if (at <= 0) return at < 0 ? start : end;
    const { age } = known(steps[at - 1]);
    const step = known(steps[at]).minutes * minuteMs;
    return Math.floor((end - age) / step) * step;
  });
  return toLadder(bounds, start);
}

/** Combines two ladders, taking the longer steps. */
function mergeLadders(one: Ladder, other: Ladder, start: number): Ladder {
  const others = listBounds(other);
  return toLadder(
    listBounds(one).map((bound, at) => Math.max(bound, known(others[at]))),
    start,
  );
}

/** The usual ages of the shorter steps, as multiples of the age of minutes. */
const shape: readonly StepByAge[] = [
  { age: 1, minutes: 1 },
  { age: 7, minutes: 30 },
  { age: 28, minutes: 60 },
  { age: 91, minutes: 180 },
];

/** The ages up to which candidates keep minutes, relative to the one before, and in the last (milliseconds). */
const shrink = 0.97;
const shortest = 30 * minuteMs;

/**
 * Lists the ladders that a page may have, finest first: ever fewer minutes, longer steps in proportion, finally days
 * alone.
 *
 * @param least the current steps of the page, which are never made shorter
 */
export function listLadders(window: Window, least: Ladder): Ladder[] {
  const found = new Map<string, Ladder>();
  const days: StepByAge = { age: Infinity, minutes: 1440 };
  const add = (steps: StepByAge[]) => {
    const ladder = mergeLadders(least, buildLadder(window, [...steps, days]), window.start);
    found.set(JSON.stringify(ladder), ladder);
  };
  for (let unit = (window.end - window.start) * shrink; unit >= shortest; unit *= shrink)
    add(shape.map(({ age, minutes }) => ({ age: age * unit, minutes })));
  add([]);
  found.delete(JSON.stringify(least));
  return [...found.values()];
}

/** Writes the steps of a page, such as `1440 min before 2026-11-01T00:00:00Z`; empty when all are minutes. */
export function writeLadder(ladder: Ladder): string {
  return ladder.map(({ until, minutes }) => `${minutes} min before ${isoTime(until)}`).join(', ');
}
