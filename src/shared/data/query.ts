import type { Group } from './cube.ts';
import { cutSteps } from '../ladder.ts';
import { minuteMs } from '../units.ts';
import { pick } from './cells.ts';
import type { LookUp, LookUps, Row, Table, Tables } from './table.ts';
import { missing, valueOf } from '../known.ts';

/** A chart's query of an aggregate: the leading transforms of its data, as `render` recognised them. */
export interface Query extends Question {
  /** The name of the aggregate. */
  table: string;
  /** The fields that selections filter. */
  where: string[];
  /** For a history, which has a row for every step of the period and every series, zero where nothing happened. */
  grid?: Grid | undefined;
}

/** The question to an aggregate. */
export interface Question {
  /** The fields to group by, besides the field for the start of a time step, if any. */
  groupby: string[];
  time?: string | undefined;
  measures: { op: 'sum' | 'mean'; as: string }[];
}

/** The columns of a history's rows besides their value; each is left out when the chart does not use it. */
export interface Grid {
  /** The length of the step. */
  stride?: string | undefined;
  /** A copy of the time. */
  alias?: string | undefined;
  /** The value per minute of the step that lies in the period. */
  rate?: string | undefined;
  lookup?: { from: keyof LookUps; field: string; values: string[] } | undefined;
  /** The sum of the values of all series. */
  total?: string | undefined;
  /** The value as a share of the total. */
  share?: string | undefined;
  /** The ends of the share, or else of the rate, when series are stacked by this field. */
  stack?: { sort: string; as: [string, string] } | undefined;
}

/** The current choice. */
export interface Choice {
  /** Fields with the names let through; null lets all through. */
  chosen: readonly (readonly [field: string, names: readonly unknown[] | null])[];
  /** The period, half-open, Unix milliseconds. */
  shown: readonly [number, number];
  /** Milliseconds. Longer steps of the rows override it. */
  step: number;
}

/** The groups of a query, and the time steps of their values. */
export interface Answer {
  groups: { fields: Row; group: Group }[];
  /** The start of each step, Unix milliseconds; the first may precede what is shown. */
  times: number[];
  /** The number of shown minutes in each step. */
  lengths: number[];
}

/** Queries the aggregate that a chart draws from. */
export function answer(query: Query, tables: Tables, choice: Choice): Answer {
  return ask(valueOf(tables.aggregates, query.table), query, choice);
}

/** Queries an aggregate. */
export function ask(table: Table, query: Question, { chosen, shown, step }: Choice): Answer {
  const timed = query.time !== undefined;
  const by = dimensionsOf(table, query.groupby);
  const minute = (ms: number) => Math.max(0, Math.ceil((ms - table.start) / minuteMs));
  const [from, to] = [minute(shown[0]), Math.max(minute(shown[0]), minute(shown[1]))];
  const times = timed ? cutSteps(table.ladder, { start: shown[0], end: shown[1] }, step) : [shown[0]];
  const places = [...times.map((time) => Math.max(minute(time), from)), to].map((place) =>
    Math.min(place, to),
  );
  const lengths = times.map((_, slot) => pick(places, slot + 1) - pick(places, slot));
  const groups = table.cube.ask({
    by,
    only: table.dimensions.map((fields) => maskOf(fields, chosen)),
    from,
    to,
    slots: timed ? { of: slotsOf(lengths), number: times.length } : undefined,
  });
  return {
    groups: groups.map((group) => ({ fields: fieldsOf(table, by, group, query.groupby), group })),
    times,
    lengths,
  };
}

function dimensionsOf({ dimensions }: Table, groupby: string[]): number[] {
  return dimensions.flatMap((fields, at) =>
    groupby.some((field) => Object.hasOwn(fields, field)) ? [at] : [],
  );
}

/** Returns the slot of each minute. */
function slotsOf(lengths: readonly number[]): Uint32Array {
  const slots = new Uint32Array(lengths.reduce((sum, length) => sum + length, 0));
  let from = 0;
  for (const [slot, length] of lengths.entries()) slots.fill(slot, from, (from += length));
  return slots;
}

/** Tells whether an aggregate has all filtered fields; otherwise its answer would cover too much. */
export function isNarrowed({ dimensions }: Table, chosen: Choice['chosen']): boolean {
  return chosen.every(
    ([field, names]) => names === null || dimensions.some((fields) => Object.hasOwn(fields, field)),
  );
}

/** Returns the codes of a dimension that the selections let through; null when none of them filters it. */
function maskOf(fields: Table['dimensions'][number], chosen: Choice['chosen']): Uint8Array | null {
  let mask: Uint8Array | null = null;
  for (const [field, names] of chosen) {
    const values = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!values || !names) continue;
    const wanted = new Set(names);
    const before: Uint8Array | null = mask;
    mask = Uint8Array.from(values, (value, code) => Number(wanted.has(value) && before?.[code] !== 0));
  }
  return mask;
}

function fieldsOf({ dimensions }: Table, by: number[], { codes }: Group, groupby: string[]): Row {
  return Object.fromEntries(
    by.flatMap((dimension, at) =>
      Object.entries(dimensions[dimension] ?? {})
        .filter(([field]) => groupby.includes(field))
        .map(([field, values]) => [field, values[codes[at] ?? missing()]]),
    ),
  );
}

/** Returns the values of a group's slot, under the names of the measures. */
export function measure({ measures }: Question, { sums, counts }: Group, slot: number): Row {
  const [sum, count] = [sums[slot] ?? missing(), counts[slot] ?? missing()];
  return Object.fromEntries(measures.map(({ op, as }) => [as, op === 'mean' ? sum / count : sum]));
}

/** Returns the row of a look-up table with a given rank. */
export function lookUp(rows: LookUp, rank: unknown): Row {
  return rows.find((row) => row.rank === rank) ?? {};
}
