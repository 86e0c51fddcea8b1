import type { Tables } from './data/table.ts';
import { stepAt } from './ladder.ts';
import type { Ladder } from './ladder.ts';
import { areSame } from './selection.ts';
import type { Selection } from './selection.ts';
import { dayMs, minuteMs } from './units.ts';
import { clip, intersect, merge, subtract, sumLengths } from './windows.ts';
import type { Window } from './windows.ts';

/** Distances back to each comparison in milliseconds, given the length of the period. */
const shifts: Record<string, (length: number) => number> = {
  before: (length) => Math.ceil(length / minuteMs) * minuteMs,
  day: () => dayMs,
  week: () => 7 * dayMs,
};

/** The comparison with which a page opens. */
export const usual = 'before';

/** A selection compared with another: an equally long stretch of time, other names, or both. */
export interface Baseline {
  window: Window;
  /** Milliseconds from a moment of the window back to its counterpart; zero when only the names differ. */
  shift: number;
  /** The names of the other selection, by field; a field left out keeps the names of the selection itself. */
  names: Selection['names'];
  /** The parts of the window whose minutes both sides have. */
  both: Window[];
  /** The parts of the selection that are not compared. */
  left: Window[];
}

/**
 * Finds the minutes that a selection is compared with, leaving out those missing or silent on either side. Without a
 * period, compares the last whole UTC day of the page. Another selection of the reader's own may have other names,
 * another period, or both. Its period is compared only with a period, up to the shorter length; without one, both have
 * the same time.
 *
 * @param span the period of the page, Unix milliseconds
 * @param comparison one of `listComparisons`, or another selection
 * @returns null when fewer than half of the minutes can be compared, or when both sides are the same
 */
export function findBaseline(
  { lookUps: { gaps, silences }, ladder }: Pick<Tables, 'lookUps' | 'ladder'>,
  { period, names }: Selection,
  span: readonly [number, number],
  comparison: string | Selection,
): Baseline | null {
  const own = typeof comparison === 'string' ? null : comparison;
  const [start, end] = period ?? (own ? span : lastDay(span));
  const whole = { start, end };
  const others = listSet(own?.names ?? {});
  const shift =
    typeof comparison === 'string' ? shifts[comparison]?.(end - start) : findShift(period, comparison.period);
  if (shift === undefined || (shift === 0 && isWithin(others, names))) return null;
  const window = { start, end: own?.period ? Math.min(end, start + own.period[1] - own.period[0]) : end };
  const missing = merge([...gaps, ...silences] as unknown as Window[]);
  const there = subtract({ start: span[0], end: span[1] }, missing);
  const earlier = there.map(({ start, end }) => ({ start: start + shift, end: end + shift }));
  const both = clip(there, window)
    .flatMap((one) => clip(earlier, one))
    .flatMap((one) => alignSteps(one, shift, ladder));
  const compared = sumLengths(both);
  if (compared * 2 < window.end - window.start || compared === 0) return null;
  return { window, shift, names: others, both, left: subtract(whole, both) };
}

/** Returns the stretch of time that a selection is compared with, or that is chosen for it; null when the time is the same. */
export function findStretch(baseline: Baseline | null, other: Selection | null): Window | null {
  if (!baseline) return other?.period ? { start: other.period[0], end: other.period[1] } : null;
  const { window, shift } = baseline;
  return shift === 0 ? null : { start: window.start - shift, end: window.end - shift };
}

/** Returns the milliseconds from a period back to another; undefined when only the other is chosen. */
function findShift(period: Selection['period'], other: Selection['period']): number | undefined {
  if (!other) return 0;
  return period ? period[0] - other[0] : undefined;
}

/** Lists the fields with chosen names, and those names. */
function listSet(names: Selection['names']): Record<string, string[]> {
  return Object.fromEntries(Object.entries(names).flatMap(([field, list]) => (list ? [[field, list]] : [])));
}

/** Tells whether chosen names are those of a selection. */
function isWithin(others: Record<string, string[]>, names: Selection['names']): boolean {
  return Object.entries(others).every(([field, list]) => areSame(names[field] ?? [], list));
}

/** Returns the names that a selection is compared with, by field. */
export function namesBefore(
  names: Selection['names'],
  { names: others }: Pick<Baseline, 'names'>,
): Selection['names'] {
  return { ...names, ...others };
}

/** Returns the last whole UTC day of a period; the period itself when nothing of it precedes that day. */
function lastDay([start, end]: readonly [number, number]): [number, number] {
  const midnight = Math.floor(end / dayMs) * dayMs;
  return midnight - dayMs > start ? [midnight - dayMs, midnight] : [start, end];
}

/** Cuts a stretch to what can be compared: whole steps of the earlier stretch that are also whole steps of the later one. */
function alignSteps(stretch: Window, shift: number, ladder: Ladder): Window[] {
  const untils = [...ladder.map(({ until }) => until + shift), Infinity];
  const parts = untils.flatMap((until, at) => {
    const part = intersect(stretch, { start: untils[at - 1] ?? -Infinity, end: until });
    if (!part) return [];
    const step = stepAt(ladder, part.start - shift);
    if (step === minuteMs) return [part];
    const start = Math.ceil((part.start - shift) / step) * step + shift;
    const end = Math.floor((part.end - shift) / step) * step + shift;
    return shift % stepAt(ladder, start) === 0 && start < end ? [{ start, end }] : [];
  });
  return merge(parts);
}
