import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { queryCovered } from '../ledger/ledger.ts';
import { merge, subtract } from '../ledger/windows.ts';
import type { Change } from '../shared/change.ts';
import { dayMs } from '../time.ts';
import type { Window } from '../time.ts';
import { callName } from './gather.ts';
import { querySpan } from './tables.ts';

/**
 * How the last whole UTC day of a period differs from the day before and from the same day a week before, which may lie before
 * the period. A day of which a minute was never aggregated is not compared.
 *
 * @returns null when there is nothing to compare
 */
export async function queryChange(
  session: Session,
  period: Window,
  translate: (text: string) => string,
): Promise<Change | null> {
  const day = Math.floor(period.end / dayMs) * dayMs - dayMs;
  const [before, week] = [day - dayMs, day - 7 * dayMs];
  const known = await queryKnown(session);
  const isKnown = (start: number) => subtract({ start, end: start + dayMs }, known).length === 0;
  if (day < period.start || !isKnown(day) || !(isKnown(before) || isKnown(week))) return null;
  const rows = await session.query<
    Record<'on_day' | 'day_before' | 'week_before', number> & { item_topic: string }
  >(sql('render/days'), [day, before, week]);
  const sum = (name: 'on_day' | 'day_before' | 'week_before') =>
    rows.reduce((all, row) => all + row[name], 0);
  const base = isKnown(before) ? 'day_before' : 'week_before';
  return {
    day,
    events: sum('on_day'),
    dayBefore: isKnown(before) ? sum('day_before') : null,
    weekBefore: isKnown(week) ? sum('week_before') : null,
    topics: rows
      .map((row) => ({ name: callName(row.item_topic, translate('not set')), by: row.on_day - row[base] }))
      .filter(({ by }) => by !== 0)
      .toSorted((a, b) => Math.abs(b.by) - Math.abs(a.by))
      .slice(0, 3),
  };
}

/** What is aggregated; without a ledger, all between the first and the last minute. */
async function queryKnown(session: Session): Promise<Window[]> {
  const covered = await queryCovered(session);
  if (covered.length > 0) return merge(covered);
  const span = await querySpan(session);
  return span ? [span] : [];
}
