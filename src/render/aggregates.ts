import type { Session } from '../db/database.ts';
import { queryUncounted } from '../ledger/uncounted.ts';
import { isUsualFunnel } from '../log/steps.ts';
import { dropNames, keepAlone } from '../shared/data/narrow.ts';
import { countedBy } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import type { Returns } from '../shared/people/returns.ts';
import type { Translate } from '../shared/text/messages.ts';
import type { Window } from '../time.ts';
import { coarsen } from './fit-size.ts';
import { mergeSmall } from './merge.ts';
import { narrow } from './narrow.ts';
import type { Where } from './narrow.ts';
import { queryPeople, widen } from './people.ts';
import { paintTopics, queryPayload } from './tables.ts';

/** The aggregates of a period. */
export interface Aggregates {
  /** Everything except people. */
  payload: Payload;
  people: Returns | null;
  /** UTC days on which people are unknown, or not all known. */
  uncounted: number[];
}

interface QueryOptions {
  translate: Translate;
  /** The aggregates to read; by default, those that the charts draw from. */
  names?: readonly string[];
  /** The aggregates read from the log. */
  unmade?: readonly string[] | undefined;
  /** Called with the share of the period read so far. */
  onDay?: (share: number) => void;
}

/**
 * Prepares the aggregates for a page: restricts them to its names, and merges small groups.
 *
 * @throws ZenError `usage` for a dimension that it cannot choose by
 */
export function choose(
  { payload, people, ...read }: Aggregates,
  where: Where | undefined,
  least: number,
  translate: Translate,
): Aggregates {
  const isTold = isUsualFunnel(); // in other funnels, people are counted
  const uncounted = isTold ? read.uncounted : [];
  if (where === undefined) {
    const merged = mergeSmall({ ...payload, people }, least, translate);
    return { payload: { ...merged, people: null }, people: isTold ? merged.people : null, uncounted };
  }
  // People are counted only by topic and age.
  const isCounted = Object.keys(where).every((field) => ['item_topic', 'age_segment'].includes(field));
  const own = mergeSmall(narrow(payload, where, translate), least, translate, isCounted ? people : null);
  const shown = dropNames(own);
  const topics = paintTopics(shown.dimensions);
  return { payload: { ...shown, topics }, people: null, uncounted };
}

/**
 * Reads the aggregates of a period, for a page and for `zen verify` alike.
 *
 * @param session one with a snapshot, so that all data is from one moment
 */
export async function queryAggregates(
  session: Session,
  period: Window,
  gaps: Window[],
  { translate, names, unmade, onDay }: QueryOptions,
): Promise<Aggregates> {
  const payload = await queryPayload(session, period, gaps, { translate, names, unmade }, onDay);
  const isEmpty = countedBy(payload, 'events').cells.sums.at(-1) === 0;
  const uncounted = isEmpty ? null : await queryUncounted(session, period);
  const { people, stale } =
    uncounted?.length === 0
      ? await queryPeople(session, payload, translate)
      : { people: null, stale: uncounted ?? [] };
  return { payload, people, uncounted: stale };
}

/**
 * Reads what the page would contain now, for the same period and steps. People are read only when it shows them.
 *
 * @param translate into the language of the page, which names missing values
 */
export async function queryAgain(session: Session, page: Payload, translate: Translate): Promise<Payload> {
  const read = await queryAggregates(session, page, page.gaps, {
    translate,
    names: Object.keys(page.tables),
  });
  const { payload, people } = choose(read, page.only, page.merged?.least ?? 1, translate);
  const { step } = page.people ?? {};
  payload.people =
    step === undefined || !people ? null : widen(people, page.start, (found) => found.step >= step);
  return coarsen(page.kept ? keepAlone(payload, page.kept) : payload, page.ladder);
}
