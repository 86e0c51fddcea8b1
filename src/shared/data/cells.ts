import { isWhole, joinPieces, VarintReader, split, VarintWriter } from './varint.ts';
import { missing } from '../known.ts';

type Times = Uint16Array | Uint32Array;
type RunningSums = Uint32Array | Float64Array;

/**
 * A table of the aggregates, by columns. Rows with the same names form a cell. Cells are ordered by code, their rows by
 * time. Values are running sums, so the sum of any stretch of a cell is one subtraction.
 */
export interface Cells {
  /** The number of names of each dimension. */
  sizes: number[];
  /** The code of each cell's name, one array per dimension. */
  codes: Uint32Array[];
  /** The row at which each cell begins, then the number of rows. */
  offsets: Uint32Array;
  /** The minute of each row, counted from the start of the period. */
  minutes: Times;
  /** The sum of the values of all rows before each row, then of all rows. */
  sums: RunningSums;
  /** The number of database rows before each row, then in all; null when each row stands for one. */
  counts: RunningSums | null;
}

/** Rows of one cell. */
export interface Rows {
  minutes: ArrayLike<number>;
  values: ArrayLike<number>;
  /** The number of database rows behind each row; one by default. */
  counts?: ArrayLike<number> | undefined;
}

/** One cell: the codes of its names, and its rows in order of time. */
export interface Cell extends Rows {
  codes: number[];
}

/**
 * Builds a table from cells in any order, each with at least one row.
 *
 * @throws Error for invalid cells: a code out of range, two cells with the same names, minutes repeated or out of
 *   order, a value that is not a whole number ≥ 0
 */
export function buildCells(sizes: number[], cells: readonly Cell[]): Cells {
  const sorted = [...cells].sort((a, b) => compareCodes(a.codes, b.codes));
  for (const [index, cell] of sorted.entries()) requireCell(cell, sizes, sorted[index - 1]);
  const rows = sorted.reduce((sum, { minutes }) => sum + minutes.length, 0);
  const counted = sorted.some(({ counts }) => counts !== undefined);
  const offsets = new Uint32Array(sorted.length + 1);
  const latest = sorted.reduce((most, cell) => Math.max(most, lastMinute(cell)), 0);
  const minutes = newTimes(rows, latest);
  const sums = newSums(rows, total(sorted.map(({ values }) => values)));
  const counts = counted ? newSums(rows, total(sorted.map((cell) => countsOf(cell)))) : null;
  let row = 0;
  for (const [index, cell] of sorted.entries()) {
    minutes.set(cell.minutes, row);
    sums.set(cell.values, row + 1);
    counts?.set(countsOf(cell), row + 1);
    offsets[index + 1] = row += cell.minutes.length;
  }
  accumulate(sums);
  if (counts) accumulate(counts);
  const codes = sizes.map((_, dimension) => Uint32Array.from(sorted, (cell) => pick(cell.codes, dimension)));
  return { sizes, codes, offsets, minutes, sums, counts };
}

/** Returns an element that must exist. */
export function pick<Value>(values: ArrayLike<Value>, at: number): Value {
  const value = values[at];
  if (value === undefined) throw new Error(`There is nothing at ${at} of ${values.length}.`);
  return value;
}

function requireCell({ codes, minutes, values, counts }: Cell, sizes: number[], before?: Cell): void {
  const told = `The cell of codes ${codes.join()}`;
  if (codes.length !== sizes.length || !codes.every((code, at) => isWhole(code) && code < pick(sizes, at)))
    throw new Error(`${told} has a name that is not among ${sizes.join()} names.`);
  if (before && compareCodes(before.codes, codes) === 0) throw new Error(`${told} is there twice.`);
  let previous = -1;
  if (values.length !== minutes.length)
    throw new Error(`${told} has ${values.length} values of ${minutes.length} minutes.`);
  for (let at = 0; at < minutes.length; at++) {
    const minute = minutes[at] ?? missing();
    const value = values[at] ?? missing();
    const count = counts ? (counts[at] ?? missing()) : 1;
    if (!isWhole(minute) || minute <= previous || minute >= 2 ** 32)
      throw new Error(`${told} has minute ${minute} after ${previous}.`);
    if (!isWhole(value) || !isWhole(count) || count < 1)
      throw new Error(`${told} has ${value} in ${count} rows of minute ${minute}.`);
    previous = minute;
  }
}

function lastMinute({ minutes }: Cell): number {
  return minutes.length > 0 ? pick(minutes, minutes.length - 1) : 0;
}

function compareCodes(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((code, dimension) => code !== b[dimension]);
  return at === -1 ? 0 : pick(a, at) - pick(b, at);
}

function countsOf({ counts, minutes }: Cell): ArrayLike<number> {
  return counts ?? new Uint8Array(minutes.length).fill(1);
}

function total(columns: ArrayLike<number>[]): number {
  let sum = 0;
  for (const column of columns) {
    let at = 0;
    while (at < column.length) sum += column[at++] ?? missing();
  }
  return sum;
}

function newTimes(rows: number, latest: number): Times {
  return latest < 2 ** 16 ? new Uint16Array(rows) : new Uint32Array(rows);
}

function newSums(rows: number, last: number): RunningSums {
  if (!isWhole(last)) throw new Error(`The sum ${last} is larger than what can be counted exactly.`);
  return last < 2 ** 32 ? new Uint32Array(rows + 1) : new Float64Array(rows + 1);
}

/**
 * Yields the cells one by one, in the form that `buildCells` takes; their columns are views.
 *
 * @param isKept tells by its codes whether to yield a cell; by default, all are
 */
export function* eachCell(cells: Cells, isKept: (codes: number[]) => boolean = () => true): Generator<Cell> {
  for (let cell = 0; cell + 1 < cells.offsets.length; cell++)
    if (isKept(codesAt(cells, cell))) yield cellAt(cells, cell);
}

/** Returns the codes of a cell's names, by its index. */
export function codesAt({ codes }: Cells, cell: number): number[] {
  return codes.map((column) => pick(column, cell));
}

/** Returns a cell by its index; its columns are views. */
export function cellAt(cells: Cells, cell: number): Cell {
  const { offsets, minutes, sums, counts } = cells;
  const [from, to] = [pick(offsets, cell), pick(offsets, cell + 1)];
  return {
    codes: codesAt(cells, cell),
    minutes: minutes.subarray(from, to),
    values: differences(sums, from, to),
    counts: counts ? differences(counts, from, to) : undefined,
  };
}

/**
 * Moves cells to other codes and their rows to other minutes. Rows that meet in one place are summed and counted.
 *
 * @param minutes the new minute of each old minute, never decreasing
 * @throws Error for codes beyond the sizes
 */
export function moveCells(...from: Parameters<typeof movingCells>): Cells {
  return finish(movingCells(...from));
}

/** Does the same in small steps. */
export function* movingCells(
  cells: Cells,
  sizes: number[],
  move: (codes: number[]) => number[],
  minutes?: Uint32Array,
): Generator<undefined, Cells> {
  const { offsets, minutes: times } = cells;
  const found = new Map<number, number[]>();
  for (let cell = 0; cell + 1 < offsets.length; cell++) {
    const codes = move(codesAt(cells, cell));
    if (codes.length !== sizes.length || !codes.every((code, at) => code < pick(sizes, at)))
      throw new Error(
        `The cell of codes ${codes.join()} has a name that is not among ${sizes.join()} names.`,
      );
    const place = placeOf(codes, sizes);
    const parts = found.get(place) ?? [];
    found.set(place, parts);
    parts.push(cell);
  }
  const moved = [...found].map(([place, parts]) => ({
    codes: codesOf(place, sizes),
    rows: parts.reduce((sum, cell) => sum + pick(offsets, cell + 1) - pick(offsets, cell), 0),
    parts: () => parts.map((cell) => cellAt(cells, cell)),
  }));
  const [last, sum, count] = summarise(cells);
  return yield* collectingCells(sizes, moved, { last, sum, count: count || times.length }, minutes);
}

/** A cell of a table: the codes of its names, and parts of which it is the sum, with so many rows together. */
interface CellParts {
  codes: number[];
  rows: number;
  parts: () => Rows[];
}

/** The last minute of all rows, and the sums of their values and of their counts. */
interface Extent {
  last: number;
  sum: number;
  count: number;
}

/**
 * Builds a table from cells in any order, in small steps. Rows of a cell that meet in one minute are summed and counted.
 *
 * @param places the new minute of each minute, never decreasing; by default, the same
 */
export function* collectingCells(
  sizes: number[],
  cells: readonly CellParts[],
  extent: Extent,
  places?: Uint32Array,
): Generator<undefined, Cells> {
  const sorted = [...cells].sort((a, b) => compareCodes(a.codes, b.codes));
  const most = sorted.reduce((sum, { rows }) => sum + Math.min(extent.last + 1, rows), 0);
  const collector = new RowCollector(most, extent, places);
  const offsets = new Uint32Array(sorted.length + 1);
  for (const [at, { parts }] of sorted.entries()) {
    offsets[at + 1] = collector.add(parts());
    yield;
  }
  const codes = sizes.map((_, dimension) => Uint32Array.from(sorted, (cell) => pick(cell.codes, dimension)));
  return { sizes, codes, offsets, ...collector.rows };
}

/** Writes the columns of a table, cell after cell. */
class RowCollector {
  readonly #most: number;
  readonly #extent: Extent;
  readonly #places: Uint32Array | undefined;
  readonly #minutes: Times;
  readonly #sums: RunningSums;
  /** Null while each row stands for one. */
  #counts: RunningSums | null = null;
  /** The sum and count of each minute in the current cell, and its minutes; empty until rows come in another order than that of time. */
  #sumAt = new Float64Array();
  #countAt = new Float64Array();
  #touched = new Uint32Array();
  #length = 0;

  /** @param most the most rows that there may be */
  constructor(most: number, extent: Extent, places?: Uint32Array) {
    this.#most = most;
    this.#extent = extent;
    this.#places = places;
    this.#minutes = newTimes(most, extent.last);
    this.#sums = newSums(most, extent.sum);
  }

  /** Adds a cell: the sum of some parts. @returns the number of rows so far */
  add(parts: readonly Rows[]): number {
    const start = this.#length;
    if (isInOrder(parts)) for (const part of parts) this.#follow(part, start);
    else this.#mix(parts);
    return this.#length;
  }

  /** Adds rows in order of time to the cell that starts at a row. */
  #follow({ minutes, values, counts }: Rows, start: number): void {
    const [places, to, sums] = [this.#places, this.#minutes, this.#sums];
    let [row, many] = [this.#length, this.#counts];
    let last = row > start ? (to[row - 1] ?? missing()) : -1;
    for (let at = 0; at < minutes.length; at++) {
      const own = minutes[at] ?? missing();
      const minute = places ? (places[own] ?? missing()) : own;
      const count = counts ? (counts[at] ?? missing()) : 1;
      const isSame = minute === last;
      if (isSame || count !== 1) many ??= this.#beginCounting(row);
      if (!isSame) {
        last = to[row++] = minute;
        sums[row] = sums[row - 1] ?? missing();
        if (many) many[row] = many[row - 1] ?? missing();
      }
      sums[row] = (sums[row] ?? missing()) + (values[at] ?? missing());
      if (many) many[row] = (many[row] ?? missing()) + count;
    }
    this.#length = row;
  }

  /** Adds rows in any order as the next cell. */
  #mix(parts: readonly Rows[]): void {
    const length = this.#extent.last + 1;
    if (this.#touched.length === 0)
      [this.#sumAt, this.#countAt, this.#touched] = [
        new Float64Array(length),
        new Float64Array(length),
        new Uint32Array(length),
      ];
    const [places, sumAt, countAt, touched] = [this.#places, this.#sumAt, this.#countAt, this.#touched];
    let [met, first, last] = [0, Infinity, -1];
    for (const { minutes, values, counts } of parts)
      for (let at = 0; at < minutes.length; at++) {
        const own = minutes[at] ?? missing();
        const minute = places ? (places[own] ?? missing()) : own;
        const count = countAt[minute] ?? missing();
        if (count === 0) touched[met++] = minute;
        if (minute < first) first = minute;
        if (minute > last) last = minute;
        sumAt[minute] = (sumAt[minute] ?? missing()) + (values[at] ?? missing());
        countAt[minute] = count + (counts ? (counts[at] ?? missing()) : 1);
      }
    // To look through dense minutes takes less time than to sort them.
    if (last - first > met * 16) touched.subarray(0, met).sort();
    else
      for (let minute = first, at = 0; minute <= last; minute++)
        if (countAt[minute] !== 0) touched[at++] = minute;
    const [to, sums] = [this.#minutes, this.#sums];
    let [row, many] = [this.#length, this.#counts];
    for (let at = 0; at < met; at++) {
      const minute = touched[at] ?? missing();
      const count = countAt[minute] ?? missing();
      if (count !== 1) many ??= this.#beginCounting(row);
      to[row++] = minute;
      sums[row] = (sums[row - 1] ?? missing()) + (sumAt[minute] ?? missing());
      if (many) many[row] = (many[row - 1] ?? missing()) + count;
      sumAt[minute] = countAt[minute] = 0;
    }
    this.#length = row;
  }

  #beginCounting(rows: number): RunningSums {
    const counts = newSums(this.#most, this.#extent.count);
    for (let row = 1; row <= rows; row++) counts[row] = row;
    return (this.#counts = counts);
  }

  /** Returns all rows added so far. */
  get rows(): Pick<Cells, 'minutes' | 'sums' | 'counts'> {
    const length = this.#length;
    const cut = <Column extends Times | RunningSums>(column: Column, end: number) =>
      (column.length === end ? column : column.slice(0, end)) as Column;
    return {
      minutes: cut(this.#minutes, length),
      sums: cut(this.#sums, length + 1),
      counts: this.#counts && cut(this.#counts, length + 1),
    };
  }
}

/** Tells whether the minutes of some parts are strictly ascending, from one to the next, too. */
function isInOrder(parts: readonly Rows[]): boolean {
  let last = -1;
  for (const { minutes } of parts)
    for (let at = 0; at < minutes.length;) {
      const minute = minutes[at++] ?? missing();
      if (minute <= last) return false;
      last = minute;
    }
  return true;
}

/** Runs all steps of a task and returns its result. */
export function finish<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function differences(sums: RunningSums, from: number, to: number): RunningSums {
  const values = sums instanceof Uint32Array ? new Uint32Array(to - from) : new Float64Array(to - from);
  let before = sums[from] ?? missing();
  for (let at = from; at < to; at++) {
    const after = sums[at + 1] ?? missing();
    values[at - from] = after - before;
    before = after;
  }
  return values;
}

/**
 * Encodes the table as bytes, to be deflated: sizes, totals, the steps from cell to cell, the number of rows of each.
 * Then, for each row, the minutes since the last row, the value and, unless all are 1, the count. Rows of cells with
 * the most rows come first, because similar ones deflate best together; the reader derives the order from those
 * numbers.
 */
export function encodeCells(cells: Cells): Uint8Array {
  const [head, steps, sizes, gaps, values, counts] = Array.from({ length: 6 }, () => new VarintWriter()) as [
    VarintWriter,
    VarintWriter,
    VarintWriter,
    VarintWriter,
    VarintWriter,
    VarintWriter,
  ];
  const { offsets, minutes, sums, counts: many } = cells;
  if (!isWhole(cells.sizes.reduce((product, size) => product * size, 1)))
    throw new Error(`There are too many names: ${cells.sizes.join(' × ')}.`);
  for (const size of cells.sizes) head.write(size);
  const lengths = lengthsOf(offsets);
  head.write(lengths.length);
  for (const number of summarise(cells)) head.write(number);
  let before = -1;
  for (const [cell, length] of lengths.entries()) {
    const place = placeOf(codesAt(cells, cell), cells.sizes);
    steps.write(place - before - 1);
    before = place;
    sizes.write(length);
  }
  for (const cell of mostFirst(lengths)) {
    let previous = -1;
    for (let row = pick(offsets, cell); row < pick(offsets, cell + 1); row++) {
      const minute = minutes[row] ?? missing();
      gaps.write(minute - previous - 1);
      previous = minute;
      values.write((sums[row + 1] ?? missing()) - (sums[row] ?? missing()));
      if (many) counts.write((many[row + 1] ?? missing()) - (many[row] ?? missing()));
    }
  }
  return joinPieces([head, steps, sizes, gaps, values, counts].map(({ bytes }) => bytes));
}

/** Returns the last minute of a table; 0 when it has no rows. */
export function latestMinute({ minutes, offsets }: Pick<Cells, 'minutes' | 'offsets'>): number {
  let last = 0;
  for (let cell = 1; cell < offsets.length; cell++) {
    const end = pick(offsets, cell);
    if (end > pick(offsets, cell - 1)) last = Math.max(last, pick(minutes, end - 1));
  }
  return last;
}

function summarise(cells: Cells): Totals {
  const { sums, counts } = cells;
  return [latestMinute(cells), pick(sums, sums.length - 1), counts ? pick(counts, counts.length - 1) : 0];
}

/** The most cells that a reader can hold before running out of memory. */
const mostCells = 2 ** 20;

/** An encoded table, opened up to its rows. Each row has at least one byte, so no more rows can be stated than exist. */
interface Opened {
  sizes: number[];
  /** The place of each cell, the row at which it begins, and the order in which the cells' rows are stored. */
  places: Float64Array;
  offsets: Uint32Array;
  order: number[];
  totals: Totals;
  gaps: VarintReader;
  values: VarintReader;
  many: VarintReader;
  /** @throws Error when bytes are left over @throws Error when something is left to read */
  end: () => void;
}

/** The last minute, the sum of the values, and the sum of the counts: 0 when each row counts as one. */
type Totals = [last: number, sum: number, count: number];

function open(bytes: Uint8Array, dimensions: number): Opened {
  const pieces = split(bytes, 6);
  const readers = pieces.map((piece) => new VarintReader(piece));
  const [head, steps, lengths, gaps, values, many] = readers as [
    VarintReader,
    VarintReader,
    VarintReader,
    VarintReader,
    VarintReader,
    VarintReader,
  ];
  const sizes = Array.from({ length: dimensions }, () => head.read());
  const [number, ...totals] = [head.read(), head.read(), head.read(), head.read()] as [number, ...Totals];
  requireRoom(number, Math.min(mostCells, pieces[1]?.length ?? 0), 'cells');
  const room = sizes.reduce((product, size) => product * size, 1);
  const [places, offsets] = [new Float64Array(number), new Uint32Array(number + 1)];
  let rows = 0;
  for (let cell = 0, place = -1; cell < number; cell++) {
    place += steps.read() + 1;
    if (!(place < room)) throw new Error('The data of this page has a name that is not among its names.');
    places[cell] = place;
    rows += lengths.read();
    requireRoom(rows, pieces[3]?.length ?? 0, 'rows');
    offsets[cell + 1] = rows;
  }
  const order = mostFirst(lengthsOf(offsets));
  const end = () => {
    for (const reader of readers) reader.end();
  };
  return { sizes, places, offsets, order, totals, gaps, values, many, end };
}

function requireRoom(number: number, most: number, what: string): void {
  if (!(number <= most))
    throw new Error(`The data of this page has more ${what} than it can hold: ${number}.`);
}

function requireTotals(found: Totals, stated: Totals): void {
  if (!found.every(isWhole) || found.join() !== stated.join())
    throw new Error('The data of this page has other sums than it says.');
}

/**
 * Reverses `encodeCells`, for a table with that many dimensions.
 *
 * @throws Error when the bytes are not exactly what that writes
 */
export function decodeCells(bytes: Uint8Array, dimensions: number): Cells {
  return finish(decodingCells(bytes, dimensions));
}

/** Does the same in small steps. */
export function* decodingCells(bytes: Uint8Array, dimensions: number): Generator<undefined, Cells> {
  const { sizes, places, offsets, order, totals, gaps, values, many, end } = open(bytes, dimensions);
  const [latest, sum, count] = totals;
  const codes = sizes.map(() => new Uint32Array(places.length));
  for (const [cell, place] of places.entries())
    for (const [dimension, code] of codesOf(place, sizes).entries()) pick(codes, dimension)[cell] = code;
  const rows = pick(offsets, places.length);
  const minutes = newTimes(rows, latest);
  const sums = newSums(rows, sum);
  const counts = count > 0 ? newSums(rows, count) : null;
  for (const cell of order) {
    const end = pick(offsets, cell + 1);
    for (let row = pick(offsets, cell), minute = -1; row < end; row++) {
      minute += gaps.read() + 1;
      minutes[row] = minute;
      sums[row + 1] = values.read();
      if (counts) counts[row + 1] = many.read();
    }
    yield;
  }
  yield* accumulating(sums);
  if (counts) yield* accumulating(counts);
  end();
  const cells = { sizes, codes, offsets, minutes, sums, counts };
  requireTotals(summarise(cells), totals);
  return cells;
}

/** A table without its rows. */
export interface Outline {
  sizes: number[];
  last: number;
  sum: number;
  /** The number of database rows behind it, of its own rows, and of its cells. */
  rows: number;
  held: number;
  cells: number;
}

/**
 * Reads everything that `decodeCells` does, but keeps nothing.
 *
 * @param take receives each row: the code of its first name, its minute and its value
 */
export function scanCells(
  bytes: Uint8Array,
  dimensions: number,
  take: (code: number, minute: number, value: number) => void = () => undefined,
): Outline {
  const { sizes, places, offsets, order, totals, gaps, values, many, end } = open(bytes, dimensions);
  const counted = totals[2] > 0;
  const others = sizes.slice(1).reduce((product, size) => product * size, 1);
  let [last, sum, count] = [0, 0, 0];
  for (const cell of order) {
    const code = Math.floor(pick(places, cell) / others);
    let minute = -1;
    for (let left = pick(offsets, cell + 1) - pick(offsets, cell); left > 0; left--) {
      minute += gaps.read() + 1;
      const value = values.read();
      sum += value;
      if (counted) count += many.read();
      take(code, minute, value);
    }
    last = Math.max(last, minute);
  }
  end();
  requireTotals([last, sum, count], totals);
  const [held, cells] = [pick(offsets, places.length), places.length];
  return { sizes, last, sum, rows: counted ? count : held, held, cells };
}

function accumulate(sums: RunningSums): void {
  finish(accumulating(sums));
}

function* accumulating(sums: RunningSums): Generator<undefined, void> {
  let sum = 0;
  for (let row = 1; row < sums.length;) {
    for (const end = Math.min(row + rowsAtOnce, sums.length); row < end; row++)
      sums[row] = sum += sums[row] ?? missing();
    yield;
  }
}

/** The number of rows summed before other work may run. */
const rowsAtOnce = 2 ** 18;

function placeOf(codes: readonly number[], sizes: readonly number[]): number {
  return codes.reduce((place, code, dimension) => place * pick(sizes, dimension) + code, 0);
}

function codesOf(place: number, sizes: readonly number[]): number[] {
  const codes = [];
  for (const size of [...sizes].reverse()) {
    codes.unshift(place % size);
    place = Math.floor(place / size);
  }
  return codes;
}

/** Returns the number of rows of each cell. */
function lengthsOf(offsets: Uint32Array): Uint32Array {
  return offsets.subarray(1).map((end, index) => end - pick(offsets, index));
}

/** Returns the indices of the numbers, largest first, equal ones in their order. */
function mostFirst(numbers: ArrayLike<number>): number[] {
  const indices = Array.from({ length: numbers.length }, (_, index) => index);
  return indices.sort((a, b) => (numbers[b] ?? missing()) - (numbers[a] ?? missing()) || a - b);
}
