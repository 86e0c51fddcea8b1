import type { Engagement, Tables, Visit } from './payload.ts';

/** The tables as the charts read them. */
export interface RankedTables extends Tables {
  visits: (Visit & { item_rank: number; source_rank: number })[];
  engagement: (Engagement & { event_rank: number })[];
}

/**
 * Gives each row the ranks of its names. The charts group and look up by these: Vega keeps such keys in plain objects,
 * where a topic named `__proto__` or `constructor` would be found before it is there.
 */
export function rankRows(tables: Tables): RankedTables {
  const topic = ranks(tables.topics.map(({ name, rank }) => [name, rank]));
  const step = ranks(tables.events.map(({ event, rank }) => [event, rank]));
  return {
    ...tables,
    visits: tables.visits.map((row) => ({
      ...row,
      item_rank: topic(row.item_topic),
      source_rank: topic(row.source_topic),
    })),
    engagement: tables.engagement.map((row) => ({ ...row, event_rank: step(row.event) })),
  };
}

function ranks(pairs: [name: string, rank: number][]): (name: string) => number {
  const known = new Map(pairs);
  return (name) => known.get(name) ?? -1;
}
