import { ZenError } from '../errors.ts';
import { isWhole } from '../shared/data/varint.ts';
import { buildCells, pick, RowAdder } from '../shared/data/cells.ts';
import type { Cell, Cells } from '../shared/data/cells.ts';
import { namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { missing } from '../shared/known.ts';
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

type Column = Uint16Array | Uint32Array | Float64Array;

/** A cell, stretch by stretch, stored compactly. */
interface Gathered {
  names: string[];
  minutes: Column[];
  values: Column[];
  latest: number;
  largest: number;
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
    const cell = this.#cells.get(key) ?? {
      names,
      minutes: [],
      values: [],
      latest: 0,
      largest: 0,
      sum: 0,
      most,
    };
    this.#cells.set(key, cell);
    for (let at = 0; at < values.length; at++) {
      const [minute, value] = [minutes[at] ?? NaN, values[at] ?? missing()];
      if (!isWhole(value))
        throw this.#refuse(names, minute, `has ${String(value).replace('NaN', 'NULL')} for a number`);
      if (!isWhole(minute) || minute >= 2 ** 32) throw this.#garble(minutes);
      if (minute > cell.latest) cell.latest = minute;
      if (value > cell.largest) cell.largest = value;
      cell.sum += value;
    }
    if (minutes.length !== values.length) throw this.#garble(minutes);
    cell.minutes.push(toColumn(minutes, cell.latest));
    cell.values.push(toColumn(values, cell.largest));
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
    const adder = new RowAdder();
    const cells = [...this.#cells.values()].map((cell): Cell => {
      const { latest, largest } = cell;
      const rows = adder.addUp([
        { minutes: join(cell.minutes.splice(0), latest), values: join(cell.values.splice(0), largest) },
      ]);
      const wrong = Array.from(rows.counts ?? []).findIndex((count) => count > cell.most);
      if (wrong >= 0) throw this.#refuse(cell.names, pick(rows.minutes, wrong), 'has the same minute twice');
      return { codes: cell.names.map(codeOf), ...rows };
    });
    return buildCells(
      names.map(({ length }) => length),
      cells,
    );
  }
}

/** Creates an array for whole numbers up to the largest, with the smallest suitable elements. */
function newColumn(length: number, largest: number): Column {
  const Fit = largest < 2 ** 16 ? Uint16Array : largest < 2 ** 32 ? Uint32Array : Float64Array;
  return new Fit(length);
}

function toColumn(numbers: ArrayLike<number>, largest: number): Column {
  const column = newColumn(numbers.length, largest);
  column.set(numbers);
  return column;
}

/** Joins columns end to end. */
function join(columns: readonly Column[], largest: number): Column {
  const joined = newColumn(
    columns.reduce((sum, { length }) => sum + length, 0),
    largest,
  );
  let at = 0;
  for (const column of columns) {
    joined.set(column, at);
    at += column.length;
  }
  return joined;
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
