import { finish, movingCells } from './cells.ts';
import type { Cells } from './cells.ts';
import { missing } from '../known.ts';

/** The question of which rows to add up. Minutes are counted from the start of the period. */
export interface CubeQuestion {
  /** The dimensions to group by. */
  by: number[];
  /** The codes let through, for each dimension; null lets all through. */
  only: (Uint8Array | null)[];
  /** The stretch of time, half-open. */
  from: number;
  to: number;
  /** The slot of each minute from `from` on, and the number of slots; by default, all time is one slot. */
  slots?: { of: Uint16Array | Uint32Array; number: number } | undefined;
}

/** One group: its codes in the order of `by`, and for each slot the sums of its values and of its rows. */
export interface Group {
  codes: number[];
  sums: Float64Array;
  counts: Float64Array;
}

/** The sums of a table by some of its dimensions, in steps. */
export interface Rollup {
  cells: Cells;
  /** Tells which dimensions they keep apart. */
  kept: boolean[];
  /** The minute at which the step of each minute begins. */
  places: Uint32Array;
}

/** Signals that a question needs rows that are still being read. */
export class LateRows extends Error {}

/** Returns an answer, or null when it needs rows that are still being read. */
export function unlessLate<Result>(ask: () => Result): Result | null {
  try {
    return ask();
  } catch (error) {
    if (error instanceof LateRows) return null;
    throw error;
  }
}

/**
 * Answers questions about a table of the aggregates, from its sums when these suffice, or else from its rows. A stretch
 * of time costs two searches per cell, however many rows it has. Only a history walks the rows, of a table without the
 * dimensions it does not need.
 */
export class Cube {
  #cells: Cells | null;
  readonly #sums: readonly Rollup[];
  readonly #rollups = new Map<string, Cells>();

  /**
   * @param sums the first that suffices for a question answers it
   * @param sums the first that is enough for a question answers it
   */
  constructor(cells: Cells | null, sums: readonly Rollup[] = []) {
    this.#cells = cells;
    this.#sums = sums;
  }

  /** Returns all rows. @throws LateRows while they are being read */
  get cells(): Cells {
    if (!this.#cells) throw new LateRows('The rows of this page are still being read.');
    return this.#cells;
  }

  /** Takes the rows in small steps, and sums them as histories and searches for spikes will need. */
  *fill(cells: Cells): Generator<undefined, void> {
    for (const { kept } of this.#sums) {
      if (kept.every(Boolean) || !kept.some(Boolean)) continue;
      yield* this.#rollingUp(cells, kept);
      for (const one of kept.keys())
        yield* this.#rollingUp(
          cells,
          kept.map((_, dimension) => dimension === one),
        );
    }
    this.#cells = cells;
  }

  /** Returns the groups that have a row, in the order of their codes. @throws LateRows */
  ask(question: CubeQuestion): Group[] {
    const { by, only, from, to, slots } = question;
    const needed = only.map((mask, dimension) => mask !== null || by.includes(dimension));
    const enough = this.#sums.find((sums) => isEnough(sums, needed, question));
    const cells = enough?.cells ?? (slots ? finish(this.#rollingUp(this.cells, needed)) : this.cells);
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

  /** Returns the table without unneeded dimensions. They are dropped one by one, so that all rows are read only once. */
  *#rollingUp(all: Cells, needed: boolean[]): Generator<undefined, Cells> {
    let cells = all;
    const kept = needed.map(() => true);
    for (let dimension = needed.length - 1; dimension >= 0; dimension--) {
      if (needed[dimension] || cells.sizes[dimension] === 1) continue;
      kept[dimension] = false;
      const key = kept.join();
      cells = this.#rollups.get(key) ?? (yield* rollUp(cells, kept));
      this.#rollups.set(key, cells);
    }
    return cells;
  }
}

/** Tells whether some sums keep the needed dimensions apart, and have no step that is only partly asked for. */
function isEnough({ kept, places }: Rollup, needed: boolean[], { from, to, slots }: CubeQuestion): boolean {
  if (needed.some((isNeeded, dimension) => isNeeded && !kept[dimension])) return false;
  const begins = (minute: number) => minute >= places.length || places[minute] === minute;
  if (!begins(from) || !begins(to)) return false;
  if (slots)
    for (let at = 1; at < slots.of.length; at++)
      if (slots.of[at] !== slots.of[at - 1] && !begins(from + at)) return false;
  return true;
}

function passes({ codes }: Cells, cell: number, only: (Uint8Array | null)[]): boolean {
  for (let dimension = 0; dimension < only.length; dimension++) {
    const mask = only[dimension];
    if (mask && mask[codes[dimension]?.[cell] ?? missing()] !== 1) return false;
  }
  return true;
}

/** Returns the rows of a cell in a stretch of time. */
export function rowsWithin(
  { offsets, minutes }: Cells,
  cell: number,
  from: number,
  to: number,
): [number, number] {
  const [first, end] = [offsets[cell] ?? missing(), offsets[cell + 1] ?? missing()];
  return [search(minutes, first, end, from), search(minutes, first, end, to)];
}

/** Finds the first of ascending minutes that is not before a given one. */
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

/** Sums the cells of a table, and those of each step, without some dimensions. */
export function rollUp(
  cells: Cells,
  kept: readonly boolean[],
  places?: Uint32Array,
): Generator<undefined, Cells> {
  const sizes = cells.sizes.map((size, dimension) => (kept[dimension] ? size : 1));
  const move = (codes: number[]) => codes.map((code, dimension) => (kept[dimension] ? code : 0));
  return movingCells(cells, sizes, move, places);
}
