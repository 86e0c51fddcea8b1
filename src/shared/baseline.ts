import type { Tables } from './data/table.ts';
import { stepAt } from './ladder.ts';
import type { Ladder } from './ladder.ts';
import { dayMs, minuteMs } from './units.ts';
import { clip, intersect, merge, subtract, sumLengths } from './windows.ts';
import type { Window } from './windows.ts';

/** The stretches that a period can be compared with, by how far back they lie. Milliseconds. */
const shifts: Record<string, (length: number) => number> = {
  before: (length) => Math.ceil(length / minuteMs) * minuteMs,
  day: () => dayMs,
  week: () => 7 * dayMs,
};

/** The comparison of a page that opens. */
export const usual = 'before';

/** A stretch of time beside an earlier one of the same length. */
export interface Baseline {
  window: Window;
  /** Milliseconds from a moment of the window back to the one that it is compared with. */
  shift: number;
  /** The parts of the window whose minutes both have. */
  both: Window[];
  /** The other parts. */
  left: Window[];
}

/**
 * Finds what a period is compared with: only the minutes that both stretches have, neither missing nor silent. Without a period, it is
 * the last whole UTC day of the page.
 *
 * @param span the period of the page, Unix milliseconds
 * @returns null where the page lacks the earlier stretch, or more than half of it
 */
export function findBaseline(
  { lookUps: { gaps, silences }, ladder }: Pick<Tables, 'lookUps' | 'ladder'>,
  period: readonly [number, number] | null,
  span: readonly [number, number],
  comparison: string,
): Baseline | null {
  const window = period ? { start: period[0], end: period[1] } : lastDay(span);
  const shift = shifts[comparison]?.(window.end - window.start);
  if (shift === undefined) return null;
  const missing = merge([...gaps, ...silences] as unknown as Window[]);
  const there = subtract({ start: span[0], end: span[1] }, missing);
  const earlier = there.map(({ start, end }) => ({ start: start + shift, end: end + shift }));
  const both = clip(there, window)
    .flatMap((one) => clip(earlier, one))
    .flatMap((one) => alignSteps(one, shift, ladder));
  const length = sumLengths(both);
  if (length * 2 < window.end - window.start || length === 0) return null;
  return { window, shift, both, left: subtract(window, both) };
}

/** The last whole UTC day of a period; the period itself where it has none before its last. */
function lastDay([start, end]: readonly [number, number]): Window {
  const midnight = Math.floor(end / dayMs) * dayMs;
  return midnight - dayMs > start ? { start: midnight - dayMs, end: midnight } : { start, end };
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
