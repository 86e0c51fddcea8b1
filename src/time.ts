import { createRequire } from 'node:module';
import type * as Luxon from 'luxon';
import { ZenError } from './errors.ts';
import { valueOf } from './shared/known.ts';
import type { Window } from './shared/windows.ts';
import { dayMinutes, dayMs, hourMs, minuteMs } from './shared/units.ts';

export { dayMinutes, dayMs, hourMs, minuteMs };

export type { Window } from './shared/windows.ts';

/** The first UTC midnight after a moment, Unix milliseconds. */
export function nextMidnight(ms: number): number {
  return (Math.floor(ms / dayMs) + 1) * dayMs;
}

const utcOffset = /[+-](?:(?:0\d|1[0-7])(?::?[0-5]\d)?|18(?::?00)?)/;
const timeForm = new RegExp(
  String.raw`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|${utcOffset.source})?)?$`,
  'i',
);

/**
 * Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS]` or ISO 8601 with an offset of at most 18 hours, as Unix milliseconds.
 * Without an offset the time is UTC, whatever the machine's time zone.
 *
 * @throws ZenError `usage` for anything else, and for dates that do not exist
 */
export function parseTime(text: string): number {
  // Loaded here and not before: most commands are given no time, and Luxon is a tenth of their start.
  const { DateTime } = createRequire(import.meta.url)('luxon') as typeof Luxon;
  const time = DateTime.fromISO(text.replace(' ', 'T').replace(' ', ''), { zone: 'utc' });
  if (!timeForm.test(text)) {
    throw new ZenError('usage', `“${text}” is not a time: write it as 2019-09-24 18:00 (UTC).`);
  }
  if (!time.isValid) {
    const [, number, unit] = /specified (\S+) .*as an? (\w+)/.exec(time.invalidExplanation ?? '') ?? [];
    const why = unit === undefined ? 'there is no such time' : `there is no ${unit} ${number}`;
    throw new ZenError('usage', `“${text}” does not exist: ${why}.`);
  }
  return time.toMillis();
}

/** Unix milliseconds as ISO 8601 in UTC, without fractions: `2019-09-24T18:00:00Z`. */
export function isoTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString().replace('.000Z', 'Z');
}

/** A window in words, for a person: `2019-09-24 18:00 up to, not including, 2019-09-24 19:00 UTC`. */
export function describeWindow({ start, end }: Window): string {
  const show = (ms: number) =>
    isoTime(ms)
      .replace('T', ' ')
      .replace(/(:00)?(\.\d+)?Z$/, '');
  return `${show(start)} up to, not including, ${show(end)} UTC`;
}

/** @throws ZenError `usage` when a window, called `name`, does not start before it ends */
export function requireOrder(name: string, { start, end }: Window): void {
  if (start < end) return;
  throw new ZenError(
    'usage',
    `The ${name} is empty: its start, ${isoTime(start)}, is not before its end, ${isoTime(end)}.`,
  );
}

/** The last UTC midnight at or before `now`, at which the last complete day ends. */
export function lastMidnight(now: number): number {
  return nextMidnight(now) - dayMs;
}

const unitMs: Record<string, number> = { s: 1000, m: minuteMs, h: hourMs, d: dayMs, w: 7 * dayMs };

/**
 * Reads a duration such as `90s`, `5m`, `36h`, `2d` or `1w`, as milliseconds. A plain `0` needs no unit.
 *
 * @throws ZenError `usage` for anything else
 */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? /^(0)$/.exec(text) ?? [];
  if (number === undefined) {
    throw new ZenError('usage', `“${text}” is not a duration: write it as 90s, 5m, 36h or 2d.`);
  }
  return Math.round(Number(number) * valueOf(unitMs, unit));
}

/** Milliseconds in words, in the largest unit with at least two of them, or the smallest: `36 h`, `2 d`, `0 s`. */
export function describeDuration(ms: number): string {
  const fitting = Object.entries(unitMs).filter(([unit, size]) => unit !== 'w' && ms >= 2 * size);
  const [unit, size] = fitting.at(-1) ?? ['s', 1000];
  return `${Math.floor(ms / size)} ${unit === 'm' ? 'min' : unit}`;
}
