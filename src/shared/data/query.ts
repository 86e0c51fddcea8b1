import type { Group } from './cube.ts';
import { cutSteps } from '../ladder.ts';
import { minuteMs } from '../units.ts';
import { pick } from './cells.ts';
import type { LookUp, LookUps, Row, Table, Tables } from './table.ts';
import { missing, valueOf } from '../known.ts';

/** A chart's question to an aggregate: the leading transforms of its data, as `render` recognised them. */
export interface Query extends Question {
  /** The name of the aggregate. */
  table: string;
  /** The fields that selections filter. */
  where: string[];
  /** For a history: every step of the period has a row for every series, a zero where nothing happened. */
  grid?: Grid | undefined;
}

/** The question to an aggregate. */
export interface Question {
  /** The fields to group by, beside the one that holds the start of a step of time, if there is one. */
  groupby: string[];
  time?: string | undefined;
  measures: { op: 'sum' | 'mean'; as: string }[];
}

/** The columns that a history's rows carry beside their value; each is left out where the chart does not ask for it. */
export interface Grid {
  /** The length of the step. */
  stride?: string | undefined;
  /** The time once more. */
  alias?: string | undefined;
  /** The value for each minute of the step that is in the period. */
  rate?: string | undefined;
  lookup?: { from: keyof LookUps; field: string; values: string[] } | undefined;
  /** The sum of the values of all series. */
  total?: string | undefined;
  /** The value as a share of the total. */
  share?: string | undefined;
  /** The ends of the share, or else of the rate, when the series are stacked by this field. */
  stack?: { sort: string; as: [string, string] } | undefined;
}

/** The choice at the moment. */
export interface Choice {
  /** Fields, each with the names that are let through; null lets all through. */
  chosen: readonly (readonly [field: string, names: readonly unknown[] | null])[];
  /** The period, half-open, Unix milliseconds. */
  shown: readonly [number, number];
  /** Milliseconds. Where the rows are of longer steps, these take its place. */
  step: number;
}

/** The groups of a query, and the steps of time that their values are in. */
export interface Answer {
  groups: { fields: Row; group: Group }[];
  /** The start of each step, Unix milliseconds; the first may begin before what is shown. */
  times: number[];
  /** The minutes of each step that are shown. */
  lengths: number[];
}

/** Asks the aggregate that a chart draws from. */
export function answer(query: Query, tables: Tables, choice: Choice): Answer {
  return ask(valueOf(tables.aggregates, query.table), query, choice);
}

/** Asks an aggregate. */
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

/** The slot of each minute. */
function slotsOf(lengths: readonly number[]): Uint32Array {
  const slots = new Uint32Array(lengths.reduce((sum, length) => sum + length, 0));
  let from = 0;
  for (const [slot, length] of lengths.entries()) slots.fill(slot, from, (from += length));
  return slots;
}

/** Tells whether an aggregate has all fields that are chosen by: what it says otherwise is of more. */
export function isNarrowed({ dimensions }: Table, chosen: Choice['chosen']): boolean {
  return chosen.every(
    ([field, names]) => names === null || dimensions.some((fields) => Object.hasOwn(fields, field)),
  );
}

/** Which codes of a dimension the selections let through; null when none of them filters it. */
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

/** The values of a slot of a group, as the measures are called. */
export function measure({ measures }: Question, { sums, counts }: Group, slot: number): Row {
  const [sum, count] = [sums[slot] ?? missing(), counts[slot] ?? missing()];
  return Object.fromEntries(measures.map(({ op, as }) => [as, op === 'mean' ? sum / count : sum]));
}

/** The row of a look-up table with a given rank. */
export function lookUp(rows: LookUp, rank: unknown): Row {
  return rows.find((row) => row.rank === rank) ?? {};
}
