import { moveCells } from './cells.ts';
import type { Cells } from './cells.ts';
import { missing } from '../known.ts';

/** The rows to add up. Minutes are counted from the start of the period. */
export interface CubeQuestion {
  /** The dimensions to group by. */
  by: number[];
  /** For each dimension which codes are let through; null lets all through. */
  only: (Uint8Array | null)[];
  /** The stretch of time, half-open. */
  from: number;
  to: number;
  /** The slot of each minute from `from` on, and how many slots there are; without it, time is one slot. */
  slots?: { of: Uint16Array | Uint32Array; number: number } | undefined;
}

/** One group: its codes in the order of `by`, and for each slot the sum of its values and of its rows. */
export interface Group {
  codes: number[];
  sums: Float64Array;
  counts: Float64Array;
}

/**
 * Answers questions about a table of the aggregates. A stretch of time costs two searches a cell, however many rows it has;
 * only a history has to walk them, and walks a table without the dimensions that it does not need.
 */
export class Cube {
  readonly #cells: Cells;
  readonly #rollups = new Map<string, Cells>();

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /** The groups that have a row, in the order of their codes. */
  ask({ by, only, from, to, slots }: CubeQuestion): Group[] {
    const needed = only.map((mask, dimension) => mask !== null || by.includes(dimension));
    const cells = slots ? this.#rollUp(needed) : this.#cells;
    const groups = new Map<number, Group>();
    const length = slots?.number ?? 1;
    for (let cell = 0; cell + 1 < cells.offsets.length; cell++) {
      if (!passes(cells, cell, only)) continue;
      const [first, end] = rowsWithin(cells, cell, from, to);
      if (first === end) continue;
      const codes = by.map((dimension) => cells.codes[dimension]?.[cell] ?? missing());
      const place = codes.reduce(
        (place, code, at) => place * (cells.sizes[by[at] ?? missing()] ?? missing()) + code,
        0,
      );
      let group = groups.get(place);
      if (!group) {
        group = { codes, sums: new Float64Array(length), counts: new Float64Array(length) };
        groups.set(place, group);
      }
      if (slots) spread(cells, first, end, from, slots.of, group);
      else gather(cells, first, end, group);
    }
    return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
  }

  /** The table without the dimensions that are not needed. They are left out one by one, so that only once all rows are read. */
  #rollUp(needed: boolean[]): Cells {
    let cells = this.#cells;
    const kept = needed.map(() => true);
    for (let dimension = needed.length - 1; dimension >= 0; dimension--) {
      if (needed[dimension] || cells.sizes[dimension] === 1) continue;
      kept[dimension] = false;
      const key = kept.join();
      cells = this.#rollups.get(key) ?? rollUp(cells, kept);
      this.#rollups.set(key, cells);
    }
    return cells;
  }
}

function passes({ codes }: Cells, cell: number, only: (Uint8Array | null)[]): boolean {
  for (let dimension = 0; dimension < only.length; dimension++) {
    const mask = only[dimension];
    if (mask && mask[codes[dimension]?.[cell] ?? missing()] !== 1) return false;
  }
  return true;
}

/** The rows of a cell in a stretch of time. */
export function rowsWithin(
  { offsets, minutes }: Cells,
  cell: number,
  from: number,
  to: number,
): [number, number] {
  const [first, end] = [offsets[cell] ?? missing(), offsets[cell + 1] ?? missing()];
  return [search(minutes, first, end, from), search(minutes, first, end, to)];
}

/** The first of the ascending minutes that is not before a given one. */
function search(minutes: ArrayLike<number>, low: number, high: number, minute: number): number {
  if (low === high || (minutes[low] ?? missing()) >= minute) return low;
  if ((minutes[high - 1] ?? missing()) < minute) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((minutes[middle] ?? missing()) < minute) low = middle + 1;
    else high = middle;
  }
  return low;
}

function gather({ sums, counts }: Cells, first: number, end: number, group: Group): void {
  group.sums[0] = (group.sums[0] ?? missing()) + (sums[end] ?? missing()) - (sums[first] ?? missing());
  const rows = counts ? (counts[end] ?? missing()) - (counts[first] ?? missing()) : end - first;
  group.counts[0] = (group.counts[0] ?? missing()) + rows;
}

function spread(
  { minutes, sums, counts }: Cells,
  first: number,
  end: number,
  from: number,
  slots: ArrayLike<number>,
  group: Group,
): void {
  let before = sums[first] ?? missing();
  for (let row = first; row < end; row++) {
    const slot = slots[(minutes[row] ?? missing()) - from] ?? missing();
    const after = sums[row + 1] ?? missing();
    group.sums[slot] = (group.sums[slot] ?? missing()) + after - before;
    const rows = counts ? (counts[row + 1] ?? missing()) - (counts[row] ?? missing()) : 1;
    group.counts[slot] = (group.counts[slot] ?? missing()) + rows;
    before = after;
  }
}

function rollUp(cells: Cells, needed: boolean[]): Cells {
  const kept = cells.sizes.map((size, dimension) => (needed[dimension] ? size : 1));
  return moveCells(cells, kept, (codes) => codes.map((code, dimension) => (needed[dimension] ? code : 0)));
}
