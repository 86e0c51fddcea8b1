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

/** The comparison with which a page opens. */
export const usual = 'before';

/** The stretch of a comparison of a reader's own, `2019-09-24T10:00/2019-09-24T12:00`, as Unix milliseconds; null of any other. */
export function readStretch(comparison: string): [start: number, end: number] | null {
  const [start = NaN, end = NaN] = comparison.split('/').map((minute) => Date.parse(`${minute}Z`));
  return start < end ? [start, end] : null;
}

/** The inverse of `readStretch`. */
export function writeStretch(stretch: readonly [number, number]): string {
  return stretch.map((ms) => new Date(ms).toISOString().slice(0, 16)).join('/');
}

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
 * the last whole UTC day of the page. A stretch of the reader's own is compared with a period only, as far as the shorter of both goes.
 *
 * @param span the period of the page, Unix milliseconds
 * @returns null where the page lacks the other stretch, or more than half of what both could have
 */
export function findBaseline(
  { lookUps: { gaps, silences }, ladder }: Pick<Tables, 'lookUps' | 'ladder'>,
  period: readonly [number, number] | null,
  span: readonly [number, number],
  comparison: string,
): Baseline | null {
  const whole = period ? { start: period[0], end: period[1] } : lastDay(span);
  const own = readStretch(comparison);
  const length = whole.end - whole.start;
  const shift = own ? period && period[0] - own[0] : shifts[comparison]?.(length);
  if (!shift) return null;
  const window = { start: whole.start, end: whole.start + Math.min(length, own ? own[1] - own[0] : length) };
  const missing = merge([...gaps, ...silences] as unknown as Window[]);
  const there = subtract({ start: span[0], end: span[1] }, missing);
  const earlier = there.map(({ start, end }) => ({ start: start + shift, end: end + shift }));
  const both = clip(there, window)
    .flatMap((one) => clip(earlier, one))
    .flatMap((one) => alignSteps(one, shift, ladder));
  const compared = sumLengths(both);
  if (compared * 2 < window.end - window.start || compared === 0) return null;
  return { window, shift, both, left: subtract(whole, both) };
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
