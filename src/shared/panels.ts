import type { Payload } from './data/payload.ts';
import type { Row } from './data/table.ts';

export const panels = ['history', 'sources', 'funnel', 'people'] as const;
export type PanelName = (typeof panels)[number];

/** Those that a page has. */
export function panelsOf({ people }: Payload): PanelName[] {
  return panels.filter((name) => name !== 'people' || people !== null);
}

/** The rows that the charts draw, for one selection. Shares are of 1; `dt` is the start of a step, Unix milliseconds. */
export interface Drawn {
  /** `minutes`: how many of them a row holds, where a page has hours for some. */
  history: { dt: number; item_topic: string; visits: number; minutes?: number }[];
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
  /**
   * People, between two bounds, which are mostly the same: those of shows, and who of them did another thing; of kinds that are
   * not in the funnel, all who did it. Shares are of the people of shows: null where there were none, the higher one also where
   * there may have been none and it has no limit. Over more days than are known of each other, they are counted in so many
   * `parts`, each once in each; there are `least` different people, and no more than `high`.
   */
  people: {
    event: string;
    name: string;
    event_rank: number;
    low: number;
    high: number;
    share_low: number | null;
    share_high: number | null;
    least: number;
    parts: number;
  }[];
}

/** The rows among those of a mark. A minute without events is drawn, as a zero, but is no row of the data. */
export function pickRows(name: string, rows: readonly Row[]): Row[] {
  return rows.filter((row) => name !== 'history' || row.visits !== 0);
}
