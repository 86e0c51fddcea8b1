import type { PeopleQuery, Bounds } from './bounds.ts';
import { namesOf } from '../data/payload.ts';
import { ask, isNarrowed } from '../data/query.ts';
import { tableOf } from '../data/table.ts';
import { minuteMs } from '../units.ts';
import type { Tables } from '../data/table.ts';
import { known } from '../known.ts';
import type { Selection } from '../selection.ts';

/**
 * People as two bounds, mostly equal: those of shows, and who of them did another thing; for kinds outside the funnel,
 * all who did it.
 * Shares are of the people of shows: null when there were none. The upper share is also null when there may have been
 * none, so that it has no limit.
 * Over more days than are linked to each other, people are counted in `parts`, once in each. At least `least` and at
 * most `high` of them are different people.
 */
export interface PeopleRow {
  event: string;
  name: string;
  event_rank: number;
  low: number;
  high: number;
  share_low: number | null;
  share_high: number | null;
  least: number;
  parts: number;
}

/** Returns the first, second and last step of the funnel; the last may be the second. */
export function listEnds({ lookUps: { events } }: Pick<Tables, 'lookUps'>): [string, string, string] {
  const steps = events.filter(({ step }) => step).map(({ event }) => String(event));
  return [known(steps.at(0)), known(steps.at(1)), known(steps.at(-1))];
}

/**
 * Returns the users of the funnel's last step as a share of the first, summed by minute, topic and age. Null when there
 * are none, or when users cannot be filtered this way.
 */
export function shareOfFirst(
  tables: Tables,
  { period, names }: Selection,
  span: [number, number],
): number | null {
  const choice = { chosen: Object.entries(names), shown: period ?? span, step: minuteMs };
  const users = tableOf(tables, 'users');
  if (!isNarrowed(users, choice.chosen)) return null;
  const { groups } = ask(users, { groupby: ['event'], measures: [] }, choice);
  const of = (name: string) => groups.find(({ fields }) => fields.event === name)?.group.sums[0];
  const [first, , last] = listEnds(tables);
  return shareOfShown(of(last) ?? 0, of(first) ?? 0);
}

/** Returns the rows of the funnel of people for a selection; none when nobody was seen, or people are unknown. */
export function listPeople(
  { people, dimensions, lookUps: { events } }: Tables,
  { period, names }: Selection,
): PeopleRow[] {
  if (!people) return [];
  const [items, ages] = [namesOf({ dimensions }, 'item_topic'), namesOf({ dimensions }, 'age_segment')];
  const query: PeopleQuery = {
    topics: names.item_topic ? findCodes(names.item_topic, items) : null,
    ages: names.age_segment ? findCodes(names.age_segment, ages) : null,
    period: period ?? people.span,
  };
  const codes = new Map(events.map(({ event }, code) => [event as string, code]));
  const show = known(codes.get('show'));
  const shown = addBounds(people.count(show, query));
  // Who clicked or viewed was also shown a card, so they are no more than all. Other kinds have no such limit.
  const most = (either: string | null, people: number) => {
    const found = people === 0 ? 0 : shareOfShown(people, shown.low);
    return either ? Math.min(1, found ?? 1) : found;
  };
  return events.flatMap(({ event, name, rank }, code) => {
    const either = event === 'click' || event === 'view' ? event : null;
    const parts = either ? people.convert(show, code, either, query) : people.count(code, query);
    const { low, high } = addBounds(parts);
    const row = { event: event as string, name: name as string, event_rank: rank as number, low, high };
    return high === 0 && (shown.high === 0 || (either === null && code !== show))
      ? []
      : [
          {
            ...row,
            share_low: code === show ? 1 : shareOfShown(low, shown.high),
            share_high: code === show ? 1 : most(either, high),
            least: Math.max(...parts.map(({ low }) => low)),
            parts: parts.length,
          },
        ];
  });
}

/** Returns the indices of some names among all, skipping absent ones. */
export function findCodes(names: readonly string[], all: readonly string[]): number[] {
  return names.map((name) => all.indexOf(name)).filter((code) => code >= 0);
}

/** Returns the sums of both bounds. */
export function addBounds(parts: Bounds[]): Bounds {
  return parts.reduce((sum, part) => ({ low: sum.low + part.low, high: sum.high + part.high }), {
    low: 0,
    high: 0,
  });
}

/** Returns people as a share of those who were shown a card; null when there were none. */
export function shareOfShown(people: number, shown: number): number | null {
  return shown > 0 ? people / shown : null;
}
