import { buildCells } from '../shared/cells.ts';
import type { Cell, Cells } from '../shared/cells.ts';

/** One cell of one stretch of time: two arrays of the same order. */
export interface Piece {
  names: string[];
  minutes: Float64Array | number[];
  values: Float64Array | number[];
}

interface Part {
  minutes: Uint32Array;
  values: Uint32Array | Float64Array;
}

/** What the page calls a name: "not set" where there is none; who is really called that, in quotes or not, gets quotes. */
export function callName(name: string, notSet: string): string {
  if (name === '') return notSet;
  let bare = name;
  while (bare.startsWith('“') && bare.endsWith('”')) bare = bare.slice(1, -1);
  return bare === notSet ? `“${name}”` : name;
}

/** Gathers the rows of an aggregate, stretch of time by stretch of time in their order, into columns. */
export class Gatherer {
  readonly #cells = new Map<string, { names: string[]; parts: Part[] }>();

  add({ names, minutes, values }: Piece): void {
    const key = JSON.stringify(names);
    const cell = this.#cells.get(key) ?? { names, parts: [] };
    this.#cells.set(key, cell);
    const isSmall = values.every((value) => value < 2 ** 32);
    cell.parts.push({
      minutes: Uint32Array.from(minutes),
      values: isSmall ? Uint32Array.from(values) : Float64Array.from(values),
    });
  }

  /** For each dimension the sums of its names' values. */
  totals(dimension: number): Map<string, number> {
    const totals = new Map<string, number>();
    for (const { names, parts } of this.#cells.values()) {
      const name = names[dimension] ?? '';
      let sum = totals.get(name) ?? 0;
      for (const { values } of parts) for (const value of values) sum += value;
      totals.set(name, sum);
    }
    return totals;
  }

  /** The table, its codes the places of the names in these lists. */
  build(names: string[][]): Cells {
    const places = names.map((list) => new Map(list.map((name, code) => [name, code])));
    const cells = [...this.#cells.values()].map(({ names: own, parts }): Cell => ({
      codes: own.map((name, dimension) => places[dimension]?.get(name) ?? 0),
      ...sortRows(parts),
    }));
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
function sortRows(parts: Part[]): Omit<Cell, 'codes'> {
  const rows = concat(parts);
  const order = Float64Array.from(rows.minutes, (minute, at) => minute * 2 ** 26 + at).sort();
  const [minutes, values, counts] = [
    new Float64Array(order.length),
    new Float64Array(order.length),
    new Float64Array(order.length),
  ];
  let row = -1;
  for (const place of order) {
    const at = place % 2 ** 26;
    const minute = rows.minutes[at] ?? 0;
    if (row < 0 || minutes[row] !== minute) minutes[++row] = minute;
    values[row] = (values[row] ?? 0) + (rows.values[at] ?? 0);
    counts[row] = (counts[row] ?? 0) + 1;
  }
  const length = row + 1;
  return {
    minutes: minutes.subarray(0, length),
    values: values.subarray(0, length),
    counts: length < order.length ? counts.subarray(0, length) : undefined,
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
