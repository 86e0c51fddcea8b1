import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { nullWords } from './copy/nulls.ts';

/** A name and its number of events. */
export interface NamedCount {
  name: string;
  events: number;
}

/** A word for NULL that a column holds as a name. */
export interface NullWords {
  column: string;
  word: string;
  events: number;
}

/** The contents of a log, and its oddities. */
export interface Summary {
  /** Unix milliseconds, counting only events of 2000 to 2100; null when there are none. */
  first: number | null;
  last: number | null;
  /** The numbers of distinct values. */
  item_topics: number;
  source_topics: number;
  age_segments: number;
  events: number;
  /** The kinds of event, most frequent first; only the first ones when there are many. */
  kinds: NamedCount[];
  /** Names and users that are words for NULL. */
  words: NullWords[];
  /** The number of event ids that repeat an earlier one. */
  duplicate_ids: number;
  /** Events outside 2000 to 2100, and how many would be inside if their ts were in seconds. */
  outside: number;
  in_seconds: number;
  /** Columns with NULLs, each with their number. */
  nulls: Record<string, number>;
}

/** The number of kinds of event that are listed by name. */
export const mostKinds = 12;

const nullable = ['ts', 'user_id', 'item_topic', 'source_topic', 'age_segment', 'event'] as const;

export type Counts = Omit<Summary, 'nulls'> & Record<`${(typeof nullable)[number]}_nulls`, number>;

type Texts = 'item_topic' | 'source_topic' | 'age_segment' | 'event';

/** See `sql/restore/summary.sql`, which returns null when there are no names. */
type Found = Omit<Counts, 'kinds' | 'words'> & { kinds: NamedCount[] | null } & Record<
    `${Texts}_words`,
    NullWords[] | null
  >;

/** Summarises all of `log_raw`. */
export async function countLog(session: Session): Promise<Counts> {
  const words = nullWords.join('\n');
  const [found] = await session.query<Found>(sql('restore/summary'), [words, mostKinds]);
  if (!found) throw new Error('An aggregate without groups gives one row.');
  const { item_topic_words, source_topic_words, age_segment_words, event_words, kinds, ...counts } = found;
  const numbers = await session.query<{ name: string }>(sql('restore/numbers'));
  const isNumber = numbers.some(({ name }) => name === 'user_id');
  const users = isNumber ? [] : await session.query<NullWords>(sql('restore/users'), [words]);
  const names = [item_topic_words, source_topic_words, age_segment_words, event_words];
  return { ...counts, kinds: kinds ?? [], words: [...names.flatMap((each) => each ?? []), ...users] };
}

export function summarize(counts: Counts): Summary {
  const nulls = nullable
    .map((name) => [name, counts[`${name}_nulls`]] as const)
    .filter(([, count]) => count > 0);
  const { first, last, item_topics, source_topics, age_segments, events } = counts;
  const { kinds, words, duplicate_ids, outside, in_seconds } = counts;
  return {
    ...{ first, last, item_topics, source_topics, age_segments, events },
    ...{ kinds, words, duplicate_ids, outside, in_seconds, nulls: Object.fromEntries(nulls) },
  };
}
