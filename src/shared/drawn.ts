import type { RankedTables } from './ranks.ts';
import type { Chart } from './settings.ts';

/** A row of a chart, or of one of its data sources. */
export type Row = Record<string, unknown>;

export const panels = ['history', 'sources', 'funnel'] as const;
export type PanelName = (typeof panels)[number];

/** The rows that the charts draw, for one selection. Shares are of 1; `dt` is the minute's start, Unix milliseconds. */
export interface Drawn {
  history: { dt: number; item_topic: string; visits: number }[];
  sources: { source_topic: string; visits: number; share: number }[];
  /** `step` is the share of clicks that become views, in the row of views. */
  funnel: {
    event: string;
    name: string;
    users: number;
    share: number | null;
    step: number | null;
    mean_share: number;
  }[];
}

/** The rows among those of a mark. A minute without events is drawn, as a zero, but is no row of the data. */
export function pickRows(name: string, rows: readonly Row[]): Row[] {
  return rows.filter((row) => name !== 'history' || row.visits !== 0);
}

/** The specification with its rows in it: sources are named, those without a name of ours are derived. */
export function fillChart(spec: Chart['spec'], tables: RankedTables): Chart['spec'] {
  const sources = (spec.data as { name: string }[]).map((source) =>
    Object.hasOwn(tables, source.name)
      ? { ...source, values: tables[source.name as keyof RankedTables] }
      : source,
  );
  return { ...spec, data: sources };
}
