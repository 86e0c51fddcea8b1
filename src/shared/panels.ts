import type { Row } from './data/table.ts';

/** A column of a panel's table: a time is Unix milliseconds, names are texts, counts whole numbers, shares of 1. */
export interface Column {
  field: string;
  title: string;
  kind: 'time' | 'text' | 'count' | 'share';
}

/** The file of a chart tells beside its specification, as `usermeta.zen`, what the page needs of it. */
export interface PanelOptions {
  title: string;
  /** The aggregate that it draws from; or people, whom zen counts (`isOfPeople`). */
  source: string;
  area: 'main' | 'side' | 'wide';
  /** Its place among the panels of its area. */
  order: number;
  /**
   * Panels with a switch of one name stand in one place; its buttons choose which, and the first is what opens. One that is for `upTo`
   * topics stands there by itself while so many are chosen, until the reader chooses another.
   */
  switch: { name: string; title: string; label: string; upTo?: number } | null;
  /** The chart under whose heading it is drawn instead, with the table and the words of that; none for a panel of its own. */
  within: string;
  /** Those of the table and of the CSV; without them, those of the tooltip. */
  columns: Column[];
  /** The fields of the rows that the panel's `data` gives; without them, those of the columns. */
  data: string[];
  /** The order of the table: fields, the largest first where a minus stands before them. */
  sort: string[];
  /** True when the table has each minute, in whatever steps the chart draws them. */
  minutes: boolean;
  /** Its finding: `largest of <field>`, `largest <number> of <field>`, each with `by <field>` where that is not the aggregate's measure, `people`, `retention`, `funnel`, a text with `{<name>.<field>}` in it, or none. */
  finding: string;
  /** Its sentence where it alone has nothing to draw. */
  empty: string;
  /** The way in which its picture follows the place that it stands in before the page is live; null where it is only made larger or smaller. */
  snapshot: Picture | null;
}

/** A picture whose letters keep their size. */
export interface Picture {
  /** The axes that the style sheet leaves room for. */
  axes?: 'both' | 'left';
  /** A circle at the left, so many times as wide as the place. */
  circle?: number;
  /** Rows of equal height: one, or as many as there are rows of data. */
  bands?: 'one' | 'rows';
}

/** A panel of a page, by the name of its file. */
export interface Panel extends PanelOptions {
  name: string;
  /** The field that is added up: the measure of its aggregate. */
  measure: string;
  /** The field of which the chart makes up zeros, to draw them. */
  made: string | null;
  /** The controls that it does not follow. */
  unfiltered: string[];
}

/** The rows that the charts draw, by panel, for one selection. Shares are of 1; `dt` is the start of a step, Unix milliseconds. */
export type Drawn = Record<string, Row[]>;

/** Returns those of the rows of a mark that are rows of the data: a minute without events is drawn, as a zero, but is none. */
export function pickRows({ made }: Pick<Panel, 'made'>, rows: readonly Row[]): Row[] {
  return made === null ? [...rows] : rows.filter((row) => row[made] !== 0);
}
