import { minuteMs } from '../units.ts';
import { eachCell } from './cells.ts';
import { Cube } from './cube.ts';
import { known, mapValues, missing, valueOf } from '../known.ts';
import type { Ladder } from '../ladder.ts';
import { toRollup } from './marginals.ts';
import type { Early, NamedGroup, Payload } from './payload.ts';
import { People } from '../people/bounds.ts';

/** A row of an aggregate, as the charts name its columns. */
export type Row = Record<string, unknown>;

/** The tables in which the charts look up by rank. */
export type LookUp = Row[];

/** An aggregate as the charts see it. */
export interface Table {
  cube: Cube;
  /** The start of minute 0, Unix milliseconds. */
  start: number;
  /** The steps of its rows. */
  ladder: Ladder;
  /** The field that contains the value. */
  value: string;
  /** For each dimension, its fields with the values of the codes: names, and ranks of names. */
  dimensions: Record<string, (string | number)[]>[];
}

/** The tables that have no rows until something is compared, or found. */
type Late = 'baseline' | 'baselines' | 'changes' | 'ages_before' | 'topics_before' | 'compared' | 'spikes';

/** Small tables of rows for charts to look up or draw. */
export type LookUps = Record<'topics' | 'events' | 'gaps' | 'silences' | 'labels' | Late, LookUp>;

/** Everything that charts draw from: the aggregates by name, and small tables of rows. */
export interface Tables {
  aggregates: Record<string, Table>;
  counting: Payload['counting'];
  lookUps: LookUps;
  /** For each dimension, its names in the order of their codes. */
  dimensions: Record<string, string[]>;
  ladder: Ladder;
  people: People | null;
  /** The named groups, in the order of zen.json. */
  groups: NamedGroup[];
  /** Called by a chart that waits for rows, because it still draws the previous choice. */
  onLate: () => void;
}

/**
 * Prepares the payload for charts. Rows carry the ranks of their names, and charts group and look up by these. Vega
 * keeps such keys in plain objects, which would already contain topics named `__proto__` or `constructor`.
 */
export function tabulatePayload(payload: Payload | Early): Tables {
  const { dimensions, topics, events, gaps, silences = [], ladder } = payload;
  const start = Math.floor(payload.start / minuteMs) * minuteMs;
  const ranks = new Map(topics.map(({ name, rank }) => [name, rank]));
  const rank = (name: string, code: number, field: string) =>
    isTopic(field) ? known(ranks.get(name)) : code;
  const fields = mapValues(dimensions, (names, field) => ({
    [field]: names,
    [rankOf(field)]: names.map((name, code) => rank(name, code, field)),
  }));
  const aggregates = mapValues<Early['tables'][string], Table>(payload.tables, (table) => {
    const own = table.fields.map((field) => valueOf(fields, field));
    const sums = (table.marginals ?? []).map((marginal) => toRollup(payload, table.fields, marginal));
    return { cube: new Cube(table.cells, sums), start, ladder, value: table.measure, dimensions: own };
  });
  const copy = (rows: readonly object[]): LookUp => rows.map((row) => ({ ...row }));
  return {
    aggregates,
    counting: payload.counting,
    lookUps: {
      topics: topics.map((topic) => ({ ...topic, tint: topic.color, layer: topic.rank })),
      events: copy(events),
      gaps: copy(gaps),
      silences: copy(silences),
      labels: [{}], // one row, for a text
      ...{ baseline: [], baselines: [], changes: [], spikes: [] },
      ...{ ages_before: [], topics_before: [], compared: [] },
    },
    dimensions,
    ladder,
    people: payload.people && new People(payload.people, [payload.start, payload.end]),
    groups: payload.groups ?? [],
    onLate: () => undefined,
  };
}

/** Returns the aggregate that counts the events, or the users of each minute. */
export function tableOf({ aggregates, counting }: Tables, what: keyof Payload['counting']): Table {
  return valueOf(aggregates, counting[what]);
}

/** Tells whether a dimension holds topics, of cards or of sources, which have a colour. */
export function isTopic(field: string): boolean {
  return field.endsWith('_topic');
}

/** Returns the field for the ranks of a dimension's names: `item_rank` of `item_topic`, `event_rank` of `event`. */
export function rankOf(field: string): string {
  return `${field.replace(/_topic$/, '')}_rank`;
}

/** Lists the rows of an aggregate as objects, for charts that Vega filters itself. */
export function toRows({ cube: { cells }, start, value, dimensions }: Table): Row[] {
  const rows: Row[] = [];
  for (const { codes, minutes, values } of eachCell(cells)) {
    const names = Object.fromEntries(
      dimensions.flatMap((fields, at) =>
        Object.entries(fields).map(([field, all]) => [field, all[codes[at] ?? missing()]]),
      ),
    );
    for (let at = 0; at < minutes.length; at++)
      rows.push({ dt: start + (minutes[at] ?? missing()) * minuteMs, ...names, [value]: values[at] });
  }
  return rows;
}
