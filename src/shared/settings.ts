import type { Spec } from 'vega';
import type { Panel } from './panels.ts';
import type { Headline } from './text/findings.ts';

/** The rules for writing numbers and times, in d3's terms (d3-format and d3-time-format, `locale`). */
export interface Locale {
  language: string;
  number: Record<string, unknown>;
  time: Record<string, unknown>;
  /** The time zone of the page's clocks, by its IANA name; UTC by default. */
  timeZone?: string | undefined;
  /** English text of the page → its translation; missing texts stay English. */
  messages: Record<string, string>;
}

/** One chart, compiled. */
export interface Chart {
  /** The panel's name is the id of its element. */
  panel: Panel;
  /** A Vega specification; its data sources are named and empty. */
  spec: Spec;
  /** The data source whose rows are drawn. */
  rows: string;
  /** Those data sources that are tables of the page. */
  tables: string[];
}

/** The settings that the page needs besides its data. */
export interface Settings {
  locale: Locale;
  charts: Chart[];
  /** The fields that the page filters by. */
  filters: string[];
  /** The texts of the page before anything is chosen, to be shared in a message. */
  words: Words;
}

/** The texts at the head of a page; empty where there is nothing to say. */
export interface Words extends Headline {
  title: string;
  warning: string;
  change: string;
  silences: string;
  summary: string;
  findings: string[];
}
