import type { Spec } from 'vega';
import type { Panel } from './panels.ts';
import type { Headline } from './text/findings.ts';

/** The rules by which numbers and times are written, in d3's terms (d3-format and d3-time-format, `locale`). */
export interface Locale {
  language: string;
  number: Record<string, unknown>;
  time: Record<string, unknown>;
  /** The time zone whose clocks the page shows, by IANA's name; UTC where there is none. */
  timeZone?: string | undefined;
  /** English text of the page → its translation; what is missing stays English. */
  messages: Record<string, string>;
}

/** One chart, compiled. */
export interface Chart {
  /** Its name is the id of its element. */
  panel: Panel;
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
  /** The fields that the page filters by. */
  filters: string[];
  /** The texts of the page before anything is chosen, for a message about it. */
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
