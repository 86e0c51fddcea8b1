import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';

/** What a log holds, and what is odd about it. */
export interface Summary {
  /** Unix milliseconds, of the events of 2000 to 2100; null when there are none. */
  first: number | null;
  last: number | null;
  /** How many different ones there are. */
  item_topics: number;
  source_topics: number;
  age_segments: number;
  events: number;
  /** How many event ids repeat an earlier one. */
  duplicate_ids: number;
  /** Events outside 2000 to 2100, and how many of those would be inside if their ts were seconds. */
  outside: number;
  in_seconds: number;
  /** Columns with NULLs, and how many. */
  nulls: Record<string, number>;
}

const nullable = ['ts', 'user_id', 'item_topic', 'source_topic', 'age_segment', 'event'] as const;

export type Counts = Omit<Summary, 'nulls'> & Record<`${(typeof nullable)[number]}_nulls`, number>;

/** Looks over the whole of `log_raw`. */
export async function countLog(session: Session): Promise<Counts> {
  const [counts] = await session.query<Counts>(sql('restore/summary'));
  if (!counts) throw new Error('An aggregate without groups gives one row.');
  return counts;
}

export function summarize(counts: Counts): Summary {
  const nulls = nullable
    .map((name) => [name, counts[`${name}_nulls`]] as const)
    .filter(([, count]) => count > 0);
  const { first, last, item_topics, source_topics, age_segments, events } = counts;
  const { duplicate_ids, outside, in_seconds } = counts;
  return {
    ...{ first, last, item_topics, source_topics, age_segments, events },
    ...{ duplicate_ids, outside, in_seconds, nulls: Object.fromEntries(nulls) },
  };
}
