import type { Row } from './table.ts';

export const panels = ['history', 'sources', 'funnel'] as const;
export type PanelName = (typeof panels)[number];

/** The rows that the charts draw, for one selection. Shares are of 1; `dt` is the start of a step, Unix milliseconds. */
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
