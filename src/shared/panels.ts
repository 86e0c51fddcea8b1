import type { Row } from './data/table.ts';

/** A column of a panel's table: times are Unix milliseconds, names texts, counts whole numbers, shares fractions of 1. */
export interface Column {
  field: string;
  title: string;
  kind: 'time' | 'text' | 'count' | 'share';
}

/** The facts about a chart that its file holds for the page, as `usermeta.zen`. */
export interface PanelOptions {
  title: string;
  /** The aggregate that it draws, or the data about people that Zen counts (`isOfPeople`). */
  source: string;
  area: 'main' | 'side' | 'wide';
  /** Its position among the panels of its area. */
  order: number;
  /**
   * Panels whose switch has the same name share one place. Its buttons choose between them; the first opens. A panel
   * for `upTo` topics appears by itself when so few are chosen, until the reader chooses another.
   */
  switch: { name: string; title: string; label: string; upTo?: number } | null;
  /** The chart under whose heading, table and words it is drawn instead; empty for a panel of its own. */
  within: string;
  /** The columns of the table and of the CSV; by default, those of the tooltip. */
  columns: Column[];
  /** The fields of the rows that the panel's `data` returns; by default, those of the columns. */
  data: string[];
  /** The sort order of the table, as fields; a minus puts the largest first. */
  sort: string[];
  /** True when the table lists every minute, whatever steps the chart draws. */
  minutes: boolean;
  /**
   * Its finding: `largest of <field>` or `largest <number> of <field>`, plus `by <field>` when that is not the
   * aggregate's measure; `people`, `retention` or `funnel`; a text with `{<name>.<field>}` in it; or none.
   */
  finding: string;
  /** Its message when it alone has nothing to draw. */
  empty: string;
  /** The way its picture fits its place before the page is live; null when it is only scaled. */
  snapshot: Picture | null;
}

/** A picture whose letters keep their size. */
export interface Picture {
  /** The axes that the style sheet leaves room for. */
  axes?: 'both' | 'left';
  /** A circle at the left, this many times as wide as the place. */
  circle?: number;
  /** Rows of equal height: one, or as many as there are rows of data. */
  bands?: 'one' | 'rows';
}

/** A panel of a page, named after its file. */
export interface Panel extends PanelOptions {
  name: string;
  /** The field that is summed: the measure of its aggregate. */
  measure: string;
  /** The field for which the chart adds rows of zeros to draw. */
  made: string | null;
  /** The controls that do not affect it. */
  unfiltered: string[];
}

/**
 * The rows that the charts draw for one selection, by panel. Shares are fractions of 1; `dt` is the start of a step,
 * Unix milliseconds.
 */
export type Drawn = Record<string, Row[]>;

/** Returns only those rows of a mark that exist in the data: minutes without events are drawn as zeros, but have no row. */
export function pickRows({ made }: Pick<Panel, 'made'>, rows: readonly Row[]): Row[] {
  return made === null ? [...rows] : rows.filter((row) => row[made] !== 0);
}
