import { namesOf } from '../data/payload.ts';
import type { Tables } from '../data/table.ts';
import type { Selection } from '../selection.ts';
import { dayMs } from '../units.ts';
import type { Bounds } from './bounds.ts';
import { addBounds, findCodes, shareOfShown } from './funnel.ts';

/** The people shown a card on whole days (UTC), summed over days, and those of them shown one again within a number of days. */
export interface RetentionRow {
  days: number;
  people_low: number;
  people_high: number;
  low: number;
  high: number;
  share_low: number | null;
  share_high: number | null;
}

/** The number of days on which to look for returning people, which is as far as `dash_users` reaches back. */
const mostDays = 6;

/**
 * Returns how many people came back: those of the day + those of the days after it − those of all these days. Each is
 * one stretch in which people are known. The days lie in the selection, the following days on the page.
 */
export function listRetention(
  { people, dimensions, lookUps: { events } }: Tables,
  { period, names }: Selection,
): RetentionRow[] {
  if (!people) return [];
  const [start, end] = period ?? people.span;
  const codes = (field: string) =>
    names[field] ? findCodes(names[field], namesOf({ dimensions }, field)) : null;
  const scope = { topics: codes('item_topic'), ages: codes('age_segment') };
  const show = events.findIndex(({ event }) => event === 'show');
  const stretches = new Map<string, Bounds | null>();
  const count = (day: number, days: number) => {
    const key = `${day} ${days}`;
    const known = stretches.get(key);
    if (known !== undefined) return known;
    const parts = people.count(show, { ...scope, period: [day * dayMs, (day + days) * dayMs] });
    const found = parts.length === 1 ? addBounds(parts) : null;
    stretches.set(key, found);
    return found;
  };
  const rows: RetentionRow[] = [];
  for (let days = 1; days <= mostDays; days++) {
    const [seen, back]: [Bounds[], Bounds[]] = [[], []];
    for (let day = Math.ceil(start / dayMs); (day + 1) * dayMs <= end; day++) {
      if ((day + days + 1) * dayMs > people.span[1]) break;
      const [own, after, all] = [count(day, 1), count(day + 1, days), count(day, days + 1)];
      if (!own || !after || !all) continue;
      seen.push(own);
      back.push({
        low: Math.max(0, own.low + after.low - all.high),
        high: Math.min(own.high, after.high, own.high + after.high - all.low),
      });
    }
    const [{ low: people_low, high: people_high }, { low, high }] = [addBounds(seen), addBounds(back)];
    if (people_high === 0) continue;
    const most = shareOfShown(high, people_low);
    const share_high = most === null ? null : Math.min(1, most);
    rows.push({ days, people_low, people_high, low, high, share_low: low / people_high, share_high });
  }
  return rows;
}
