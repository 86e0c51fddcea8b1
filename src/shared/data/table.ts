import type { Cells } from './cells.ts';
import { eachCell } from './cells.ts';
import { Cube } from './cube.ts';
import type { Coarse, Payload } from './payload.ts';
import { People } from '../people/bounds.ts';

export const minuteMs = 60_000;

/** What the charts call a row of an aggregate. */
export type Row = Record<string, unknown>;

/** What the charts may look up by rank. */
export type LookUp = Row[];

/** An aggregate as the charts see it. */
export interface Table {
  cells: Cells;
  cube: Cube;
  /** The start of minute 0, Unix milliseconds. */
  start: number;
  /** The field that holds the value. */
  value: string;
  /** For each dimension its fields, each with the values of the codes: names, and ranks of names. */
  dimensions: Record<string, (string | number)[]>[];
}

export type TableName = 'visits' | 'engagement';

/** All that the charts draw from: the aggregates, and small tables of rows. */
export interface Tables {
  visits: Table;
  engagement: Table;
  topics: LookUp;
  events: LookUp;
  gaps: LookUp;
  silences: LookUp;
  /** One row, for a text. */
  labels: LookUp;
  coarse: Coarse | null;
  people: People | null;
}

/**
 * The payload as the charts see it. A row carries the ranks of its names, and the charts group and look up by these: Vega
 * keeps such keys in plain objects, where a topic named `__proto__` or `constructor` would be found before it is there.
 */
export function tabulatePayload(payload: Payload): Tables {
  const { items, sources, ages, events, topics } = payload;
  const start = Math.floor(payload.start / minuteMs) * minuteMs;
  const ranks = new Map(topics.map(({ name, rank }) => [name, rank]));
  const rank = (names: string[]) => names.map((name) => ranks.get(name) ?? -1);
  const shared = [{ item_topic: items, item_rank: rank(items) }, { age_segment: ages }];
  const table = (cells: Cells, value: string, last: Record<string, (string | number)[]>): Table => ({
    cells,
    cube: new Cube(cells),
    start,
    value,
    dimensions: [...shared, last],
  });
  return {
    visits: table(payload.visits, 'visits', { source_topic: sources, source_rank: rank(sources) }),
    engagement: table(payload.engagement, 'unique_users', {
      event: events.map(({ event }) => event),
      event_rank: events.map(({ rank }) => rank),
    }),
    topics: topics.map((topic) => ({ ...topic })),
    events: events.map((event) => ({ ...event })),
    gaps: payload.gaps.map((gap) => ({ ...gap })),
    silences: (payload.silences ?? []).map((silence) => ({ ...silence })),
    labels: [{}],
    coarse: payload.coarse,
    people: payload.people && new People(payload.people, [payload.start, payload.end]),
  };
}

/** The rows of an aggregate as objects, for charts that Vega filters itself. */
export function toRows({ cells, start, value, dimensions }: Table): Row[] {
  const rows: Row[] = [];
  for (const { codes, minutes, values } of eachCell(cells)) {
    const names = Object.fromEntries(
      dimensions.flatMap((fields, at) =>
        Object.entries(fields).map(([field, all]) => [field, all[codes[at] ?? 0]]),
      ),
    );
    for (let at = 0; at < minutes.length; at++)
      rows.push({ dt: start + (minutes[at] ?? 0) * minuteMs, ...names, [value]: values[at] });
  }
  return rows;
}
