import type { Spec } from 'vega';

/** The rules by which numbers and times are written, in d3's terms (d3-format and d3-time-format, `locale`). */
export interface Locale {
  language: string;
  number: Record<string, unknown>;
  time: Record<string, unknown>;
  /** English text of the page → its translation; what is missing stays English. */
  messages: Record<string, string>;
}

/** One chart, compiled. */
export interface Chart {
  /** The id of its panel. */
  name: string;
  /** A Vega specification; its data sources are named and empty. */
  spec: Spec;
  /** The data source whose rows are drawn. */
  rows: string;
  /** Its data sources that are tables of the page. */
  tables: string[];
}

/** The settings that the page needs beside its data. */
export interface Settings {
  locale: Locale;
  charts: Chart[];
}
