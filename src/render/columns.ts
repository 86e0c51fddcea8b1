import { ZenError } from '../errors.ts';
import { isWhole } from '../shared/data/varint.ts';
import { collectingCells, eachCell, finish, pick } from '../shared/data/cells.ts';
import type { Cells } from '../shared/data/cells.ts';
import { namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { known, missing } from '../shared/known.ts';
import { isoTime } from '../time.ts';

/** One cell of one stretch of time: two parallel arrays. */
export interface Piece {
  names: string[];
  minutes: Float64Array | number[];
  values: Float64Array | number[];
  /** The most rows that a minute may have; by default, any number. */
  most?: number;
}

/** The names that the page itself invents. */
export const ownNames = { missing: 'not set', topic: 'other topics', age: 'all other ages' } as const;

/**
 * Returns the page's name for a name: "not set" when it is missing. A real name that reads like one of the page's own
 * gets quotes.
 */
export function callName(name: string, translate: (text: string) => string): string {
  if (name === '') return translate(ownNames.missing);
  let bare = name;
  while (bare.startsWith('“') && bare.endsWith('”')) bare = bare.slice(1, -1);
  return Object.values(ownNames).some((own) => bare === translate(own)) ? `“${name}”` : name;
}

/** Reverses `callName`. */
export function uncallName(name: string, translate: (text: string) => string): string {
  if (name === translate(ownNames.missing)) return '';
  const inner = /^“(.*)”$/s.exec(name)?.[1];
  return inner !== undefined && callName(inner, translate) === name ? inner : name;
}

/** Tells whether all events of a page lack a name in a dimension, so that there is nothing to choose or compare. */
export function isNameless(payload: Payload, field: string, translate: (text: string) => string): boolean {
  const names = Object.hasOwn(payload.dimensions, field) ? namesOf(payload, field) : [];
  return names.length === 1 && names[0] === callName('', translate);
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A cell, stretch by stretch, stored compactly. */
interface Gathered {
  names: string[];
  pieces: { minutes: Column; values: Column }[];
  rows: number;
  latest: number;
  sum: number;
  most: number;
}

/** Collects the rows of an aggregate into columns, one stretch of time after another. */
export class Gatherer {
  readonly #cells = new Map<string, Gathered>();
  readonly #table: string;
  readonly #timeOf: (minute: number) => number;

  /**
   * @param timeOf the time of a minute (or step) of the pieces, Unix milliseconds
   */
  constructor(table: string, timeOf: (minute: number) => number) {
    this.#table = table;
    this.#timeOf = timeOf;
  }

  /** @throws ZenError `failed` for a value that is not a whole number ≥ 0 */
  add({ names, minutes, values, most = Infinity }: Piece): void {
    const key = JSON.stringify(names);
    const cell = this.#cells.get(key) ?? { names, pieces: [], rows: 0, latest: 0, sum: 0, most };
    this.#cells.set(key, cell);
    let largest = 0;
    for (let at = 0; at < values.length; at++) {
      const [minute, value] = [minutes[at] ?? NaN, values[at] ?? missing()];
      if (!isWhole(value))
        throw this.#refuse(names, minute, `has ${String(value).replace('NaN', 'NULL')} for a number`);
      if (!isWhole(minute) || minute >= 2 ** 32) throw this.#garble(minutes);
      if (minute > cell.latest) cell.latest = minute;
      if (value > largest) largest = value;
      cell.sum += value;
    }
    if (minutes.length !== values.length) throw this.#garble(minutes);
    cell.rows += values.length;
    cell.pieces.push({ minutes: toColumn(minutes, cell.latest), values: toColumn(values, largest) });
  }

  #garble({ length }: Piece['minutes']): Error {
    return new Error(`The minutes of ${this.#table} cannot be read: ${length}.`);
  }

  #refuse(names: string[], minute: number, fault: string): ZenError {
    const place = `${names.map((name) => `“${name}”`).join(' × ')} at ${isoTime(this.#timeOf(minute))}`;
    return new ZenError('failed', `${this.#table} ${fault}: ${place}. Aggregate that minute again.`);
  }

  /** Returns, for each dimension, the sums of its names' values. */
  totals(dimension: number): Map<string, number> {
    const totals = new Map<string, number>();
    for (const { names, sum } of this.#cells.values()) {
      const name = pick(names, dimension);
      totals.set(name, (totals.get(name) ?? 0) + sum);
    }
    return totals;
  }

  /**
   * Builds the table, with codes that index these lists of names. Consumes the rows.
   *
   * @throws ZenError `failed` for a minute with too many rows
   */
  build(names: string[][]): Cells {
    const places = names.map((list) => new Map(list.map((name, code) => [name, code])));
    const codeOf = (name: string, dimension: number) => {
      const code = places[dimension]?.get(name);
      if (code === undefined) throw new Error(`${this.#table} has “${name}”, which is no name of this page.`);
      return code;
    };
    const gathered = [...this.#cells.values()].map((cell) => ({ ...cell, codes: cell.names.map(codeOf) }));
    const parts = gathered.map(({ codes, pieces, rows }) => ({ codes, rows, parts: () => pieces.splice(0) }));
    const all = (of: 'rows' | 'sum') => gathered.reduce((sum, cell) => sum + cell[of], 0);
    const last = gathered.reduce((most, { latest }) => Math.max(most, latest), 0);
    const sizes = names.map(({ length }) => length);
    const cells = finish(collectingCells(sizes, parts, { last, sum: all('sum'), count: all('rows') }));
    const mostOf = new Map(gathered.map(({ codes, most }) => [codes.join(), most]));
    for (const { codes, minutes, counts } of cells.counts ? eachCell(cells) : []) {
      const wrong = Array.from(known(counts)).findIndex((count) => count > known(mostOf.get(codes.join())));
      const named = codes.map((code, at) => pick(pick(names, at), code));
      if (wrong >= 0) throw this.#refuse(named, pick(minutes, wrong), 'has the same minute twice');
    }
    return cells;
  }
}

/** Copies whole numbers up to the largest into the smallest suitable elements. */
function toColumn(numbers: ArrayLike<number>, largest: number): Column {
  const Fit =
    largest < 2 ** 8
      ? Uint8Array
      : largest < 2 ** 16
        ? Uint16Array
        : largest < 2 ** 32
          ? Uint32Array
          : Float64Array;
  return Fit.from(numbers);
}

/** Parses whole numbers from a PostgreSQL array such as `{1,-2,NULL}`; NaN for NULL. */
export function readArray(text: string): Float64Array {
  if (text === '{}') return new Float64Array();
  const numbers = new Float64Array(text.length >> 1);
  let [length, number, digits, sign] = [0, 0, 0, 1];
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at) - 48;
    if (code >= 0 && code <= 9) {
      number = number * 10 + code;
      digits++;
    } else if (digits > 0) {
      if (!Number.isSafeInteger(number))
        throw new Error(`The database gave ${number}, too large to be exact.`);
      numbers[length++] = sign * number;
      [number, digits, sign] = [0, 0, 1];
    } else if (text[at] === '-') sign = -1;
    else if (text.startsWith('NULL', at)) {
      numbers[length++] = NaN;
      at += 4;
    } else throw new Error(`The database gave ${text.slice(0, 40)} where whole numbers were expected.`);
  }
  return numbers.subarray(0, length);
}
