import type { Tables } from './data/table.ts';
import { stepAt } from './ladder.ts';
import type { Ladder } from './ladder.ts';
import { areSame } from './selection.ts';
import type { Selection } from './selection.ts';
import { dayMs, minuteMs } from './units.ts';
import { clip, intersect, merge, subtract, sumLengths } from './windows.ts';
import type { Window } from './windows.ts';

/** The stretches that a period can be compared with, by how far back they lie. Milliseconds. */
const shifts: Record<string, (length: number) => number> = {
  before: (length) => Math.ceil(length / minuteMs) * minuteMs,
  day: () => dayMs,
  week: () => 7 * dayMs,
};

/** The comparison with which a page opens. */
export const usual = 'before';

/** A selection beside another one: a stretch of time beside one of the same length, or names beside others. */
export interface Baseline {
  window: Window;
  /** Milliseconds from a moment of the window back to the one that it is compared with; zero of names at the same time. */
  shift: number;
  /** The names of the other selection, by their field; where it has none of a field, they are those of the selection itself. */
  names: Selection['names'];
  /** The parts of the window whose minutes both have. */
  both: Window[];
  /** The other parts. */
  left: Window[];
}

/**
 * Finds what a selection is compared with: only the minutes that both stretches have, neither missing nor silent. Without a period, it is
 * the last whole UTC day of the page. Another selection of the reader's own may have other names, another period, or both. Its period
 * is compared with a period only, as far as the shorter of both goes; without one, the time is the same.
 *
 * @param span the period of the page, Unix milliseconds
 * @param comparison one of `listComparisons`, or another selection
 * @returns null where the page lacks the other stretch, or more than half of what both could have, or where both are the same
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

/** The stretch of time that a selection is compared with, or that is chosen for it; null where the time is the same. */
export function findStretch(baseline: Baseline | null, other: Selection | null): Window | null {
  if (!baseline) return other?.period ? { start: other.period[0], end: other.period[1] } : null;
  const { window, shift } = baseline;
  return shift === 0 ? null : { start: window.start - shift, end: window.end - shift };
}

/** Milliseconds from a period back to another one; none where only the other is chosen. */
function findShift(period: Selection['period'], other: Selection['period']): number | undefined {
  if (!other) return 0;
  return period ? period[0] - other[0] : undefined;
}

/** The fields that are chosen by, with their names. */
function listSet(names: Selection['names']): Record<string, string[]> {
  return Object.fromEntries(Object.entries(names).flatMap(([field, list]) => (list ? [[field, list]] : [])));
}

/** Tells whether names that are chosen are those of a selection. */
function isWithin(others: Record<string, string[]>, names: Selection['names']): boolean {
  return Object.entries(others).every(([field, list]) => areSame(names[field] ?? [], list));
}

/** The names that a selection is compared with, by their field. */
export function namesBefore(
  names: Selection['names'],
  { names: others }: Pick<Baseline, 'names'>,
): Selection['names'] {
  return { ...names, ...others };
}

/** The last whole UTC day of a period; the period itself where it has none before its last. */
function lastDay([start, end]: readonly [number, number]): [number, number] {
  const midnight = Math.floor(end / dayMs) * dayMs;
  return midnight - dayMs > start ? [midnight - dayMs, midnight] : [start, end];
}

/** Cuts a stretch to what can be compared: whole steps of the earlier stretch, where these are whole steps of the later one, too. */
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
