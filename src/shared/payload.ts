/** One row of `dash_visits`. `dt` is the minute's start, Unix milliseconds, UTC. */
export interface Visit {
  dt: number;
  item_topic: string;
  source_topic: string;
  age_segment: string;
  visits: number;
}

/** One row of `dash_engagement`. */
export interface Engagement {
  dt: number;
  item_topic: string;
  event: string;
  age_segment: string;
  unique_users: number;
}

/** A topic, of cards or of sources: one colour in every chart. Its rank orders stacks and legends, the largest first. */
export interface Topic {
  name: string;
  color: string;
  rank: number;
}

/** A kind of event, its name for the reader, and its place in the funnel. */
export interface Step {
  event: string;
  name: string;
  rank: number;
}

/** A stretch that was never aggregated: its minutes are missing, which is not the same as zero. */
export interface Gap {
  start: number;
  end: number;
}

/** The rows that the charts draw, each table under the name that the chart specifications give it. */
export interface Tables {
  visits: Visit[];
  engagement: Engagement[];
  topics: Topic[];
  events: Step[];
  gaps: Gap[];
}

/** All that the page knows. */
export interface Payload {
  /** The period, half-open, Unix milliseconds. */
  start: number;
  end: number;
  /** Card topics and age segments to choose from, in the order to show them. */
  items: string[];
  ages: string[];
  tables: Tables;
}

/** Changes whenever `encode` writes something that an older `decode` would misread. */
const version = 1;

type Row = Record<string, string | number>;
type Column = number[] | { names: string[]; codes: number[] };
type Columns = Record<string, Column>;

/** The payload as text: JSON, its tables by column, each string written once. */
export function encode(payload: Payload): string {
  const tables = Object.entries(payload.tables).map(
    ([name, rows]) => [name, toColumns(rows as Row[])] as const,
  );
  return JSON.stringify({ version, ...payload, tables: Object.fromEntries(tables) });
}

/**
 * The inverse of `encode`.
 *
 * @throws Error when the text is of another version
 */
export function decode(text: string): Payload {
  const read = JSON.parse(text) as Omit<Payload, 'tables'> & {
    version: number;
    tables: Record<string, Columns>;
  };
  if (read.version !== version) throw new Error(`The payload is of version ${read.version}, not ${version}.`);
  const tables = Object.entries(read.tables).map(([name, columns]) => [name, toRows(columns)] as const);
  const { start, end, items, ages } = read;
  return { start, end, items, ages, tables: Object.fromEntries(tables) as unknown as Tables };
}

function toColumns(rows: Row[]): Columns {
  const fields = Object.keys(rows[0] ?? {});
  return Object.fromEntries(fields.map((field) => [field, toColumn(rows.map((row) => row[field] ?? 0))]));
}

function toColumn(values: (string | number)[]): Column {
  if (values.every((value) => typeof value === 'number')) return values;
  const codes = new Map<string | number, number>();
  for (const value of values) if (!codes.has(value)) codes.set(value, codes.size);
  return { names: [...codes.keys()].map(String), codes: values.map((value) => codes.get(value) ?? 0) };
}

function toRows(columns: Columns): Row[] {
  const fields = Object.entries(columns).map(([field, column]) => [field, toValues(column)] as const);
  const length = fields[0]?.[1].length ?? 0;
  return Array.from({ length }, (_, index) =>
    Object.fromEntries(fields.map(([field, values]) => [field, values[index] ?? 0])),
  );
}

function toValues(column: Column): (string | number)[] {
  return Array.isArray(column) ? column : column.codes.map((code) => column.names[code] ?? '');
}
