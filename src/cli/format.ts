import type { RestoreProgress } from '../restore/restore.ts';
import { listAggregates, rowsOf } from '../log/aggregates.ts';
import { describeSize } from '../shared/units.ts';
import { isoTime } from '../time.ts';
import type { Window } from '../time.ts';

export function formatCount(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ','); // Intl takes 0.03 s for its first number
}

/** A number of things, in the plural unless it is one: `1 event`, `2 events`. */
export function describeCount(number: number, one: string, many = `${one}s`): string {
  return `${formatCount(number)} ${number === 1 ? one : many}`;
}

const bar = 20;

/** Tells how far a restore has come after so many seconds. */
export function describeProgress({ bytes, size, rows }: RestoreProgress, seconds: number): string {
  const speed = seconds > 0 ? `, ${formatCount(Math.round(rows / seconds))} rows/s` : '';
  return describeShare(
    size > 0 ? Math.min(1, bytes / size) : 0,
    seconds,
    ` of ${describeSize(size)}${speed}`,
  );
}

/** The progress of some work after so many seconds: a bar, percent (of what), the seconds left. */
export function describeShare(done: number, seconds: number, of = ''): string {
  const full = Math.floor(done * bar);
  const left = done > 0 && seconds > 0 ? `, ${Math.ceil((seconds * (1 - done)) / done)} s left` : '';
  return `${'█'.repeat(full)}${'░'.repeat(bar - full)} ${Math.floor(done * 100)} %${of}${left}`;
}

export function isoWindow({ start, end }: Window): { start: string; end: string } {
  return { start: isoTime(start), end: isoTime(end) };
}

/** The rows of each aggregate: `12 rows of dash_visits and 3 of dash_engagement`. */
export function describeRows(rows: Record<string, number>): string {
  const [first = '', ...others] = listAggregates().map(
    (one, at) =>
      `${at === 0 ? describeCount(rowsOf(rows, one), 'row') : formatCount(rowsOf(rows, one))} of ${one.table}`,
  );
  const last = others.pop();
  return [[first, ...others].join(', '), ...(last === undefined ? [] : [last])].join(' and ');
}

/** The same for programs: `visits_rows`, `engagement_rows`. */
export function rowsJson(rows: Record<string, number>): Record<string, number> {
  return Object.fromEntries(listAggregates().map((one) => [`${one.name}_rows`, rowsOf(rows, one)]));
}
