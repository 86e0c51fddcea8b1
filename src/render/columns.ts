import { ZenError } from '../errors.ts';
import { isWhole } from '../shared/data/varint.ts';
import { buildCells, pick } from '../shared/data/cells.ts';
import type { Cell, Cells } from '../shared/data/cells.ts';
import { isoTime } from '../time.ts';

/** One cell of one stretch of time: two arrays of the same order. */
export interface Piece {
  names: string[];
  minutes: Float64Array | number[];
  values: Float64Array | number[];
  /** The rows of one minute that there may be; without it, any number. */
  most?: number;
}

interface Part {
  minutes: Uint32Array;
  values: Uint32Array | Float64Array;
}

/** The names that the page gives itself. */
export const ownNames = { missing: 'not set', topic: 'other topics', age: 'all other ages' } as const;

/** Gives what the page calls a name: "not set" where there is none. One that is really called as the page calls its own gets quotes. */
export function callName(name: string, translate: (text: string) => string): string {
  if (name === '') return translate(ownNames.missing);
  let bare = name;
  while (bare.startsWith('“') && bare.endsWith('”')) bare = bare.slice(1, -1);
  return Object.values(ownNames).some((own) => bare === translate(own)) ? `“${name}”` : name;
}

/** The inverse of `callName`. */
export function uncallName(name: string, translate: (text: string) => string): string {
  if (name === translate(ownNames.missing)) return '';
  const inner = /^“(.*)”$/s.exec(name)?.[1];
  return inner !== undefined && callName(inner, translate) === name ? inner : name;
}

/** Gathers the rows of an aggregate, stretch of time by stretch of time in their order, into columns. */
export class Gatherer {
  readonly #cells = new Map<string, { names: string[]; parts: Part[]; most: number }>();
  readonly #table: string;
  readonly #timeOf: (minute: number) => number;

  /** @param timeOf the time of a minute (or step) of the pieces, Unix milliseconds */
  constructor(table: string, timeOf: (minute: number) => number) {
    this.#table = table;
    this.#timeOf = timeOf;
  }

  /** @throws ZenError `failed` for a row whose value is no whole number from 0 on */
  add({ names, minutes, values, most = Infinity }: Piece): void {
    const key = JSON.stringify(names);
    const cell = this.#cells.get(key) ?? { names, parts: [], most };
    this.#cells.set(key, cell);
    const wrong = values.findIndex((value: number) => !isWhole(value));
    if (wrong >= 0)
      throw this.#refuse(
        names,
        pick(minutes, wrong),
        `has ${String(values[wrong]).replace('NaN', 'NULL')} for a number`,
      );
    if (
      minutes.length !== values.length ||
      !minutes.every((minute: number) => isWhole(minute) && minute < 2 ** 32)
    )
      throw new Error(`The minutes of ${this.#table} cannot be read: ${minutes.length}.`);
    const isSmall = values.every((value: number) => value < 2 ** 32);
    cell.parts.push({
      minutes: Uint32Array.from(minutes),
      values: isSmall ? Uint32Array.from(values) : Float64Array.from(values),
    });
  }

  #refuse(names: string[], minute: number, fault: string): ZenError {
    const place = `${names.map((name) => `“${name}”`).join(' × ')} at ${isoTime(this.#timeOf(minute))}`;
    return new ZenError('failed', `${this.#table} ${fault}: ${place}. Aggregate that minute again.`);
  }

  /** For each dimension the sums of its names' values. */
  totals(dimension: number): Map<string, number> {
    const totals = new Map<string, number>();
    for (const { names, parts } of this.#cells.values()) {
      const name = pick(names, dimension);
      let sum = totals.get(name) ?? 0;
      for (const { values } of parts) for (const value of values) sum += value;
      totals.set(name, sum);
    }
    return totals;
  }

  /**
   * The table, its codes the places of the names in these lists.
   *
   * @throws ZenError `failed` for a minute that is there more often than it may
   */
  build(names: string[][]): Cells {
    const places = names.map((list) => new Map(list.map((name, code) => [name, code])));
    const codeOf = (name: string, dimension: number) => {
      const code = places[dimension]?.get(name);
      if (code === undefined) throw new Error(`${this.#table} has “${name}”, which is no name of this page.`);
      return code;
    };
    const cells = [...this.#cells.values()].map(({ names: own, parts, most }): Cell => {
      const rows = sortRows(parts);
      const wrong = rows.counts?.findIndex((count) => count > most) ?? -1;
      if (wrong >= 0) throw this.#refuse(own, pick(rows.minutes, wrong), 'has the same minute twice');
      return { codes: own.map(codeOf), ...rows };
    });
    return buildCells(
      names.map(({ length }) => length),
      cells,
    );
  }
}

/** Whole numbers from an array in PostgreSQL's text form, like `{1,-2,NULL}`; NaN for NULL. */
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

/** The rows of a cell in order of time; those of one minute are added up, and counted. */
function sortRows(parts: Part[]): { minutes: Float64Array; values: Float64Array; counts?: Float64Array } {
  const rows = concat(parts);
  const { length } = rows.minutes;
  const order = Float64Array.from(rows.minutes, (minute, at) => minute * length + at).sort();
  const [minutes, values, counts] = [
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
  ];
  let row = -1;
  for (const place of order) {
    const at = place % length;
    const minute = pick(rows.minutes, at);
    if (row < 0 || minutes[row] !== minute) minutes[++row] = minute;
    values[row] = pick(values, row) + pick(rows.values, at);
    counts[row] = pick(counts, row) + 1;
  }
  const end = row + 1;
  return {
    minutes: minutes.subarray(0, end),
    values: values.subarray(0, end),
    ...(end < length && { counts: counts.subarray(0, end) }),
  };
}

function concat(parts: Part[]): Part {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const length = parts.reduce((sum, { minutes }) => sum + minutes.length, 0);
  const whole = { minutes: new Uint32Array(length), values: new Float64Array(length) };
  let row = 0;
  for (const { minutes, values } of parts) {
    whole.minutes.set(minutes, row);
    whole.values.set(values, row);
    row += minutes.length;
  }
  return whole;
}
