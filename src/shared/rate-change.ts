import { namesBefore } from './baseline.ts';
import type { Baseline } from './baseline.ts';
import { pick } from './data/cells.ts';
import { ask, isNarrowed } from './data/query.ts';
import { tableOf } from './data/table.ts';
import type { Tables } from './data/table.ts';
import { known } from './known.ts';
import { listEnds } from './people/funnel.ts';
import type { Selection } from './selection.ts';
import { minuteMs } from './units.ts';

/**
 * The share of shows that were clicked, beside an earlier one. `mix` and `rates` add up to the difference exactly, and
 * so do the parts of all topics.
 */
export interface RateChange {
  now: number;
  before: number;
  /** The part of the difference caused by a changed mix: more or fewer shows of topics and ages that are often clicked. */
  mix: number;
  /** The part caused by changed click rates. */
  rates: number;
  /** The card topic that contributes most to the difference, and its part of it. */
  cause: { name: string; by: number };
}

/** The fewest shows on a side that make a share meaningful. */
const fewestShows = 100;

interface Pair {
  name: string;
  /** The users of the funnel's first step, and of its second: now, and before. */
  shows: [number, number];
  clicks: [number, number];
}

/**
 * Splits the difference of a share into what comes of the mix and what comes of the rates (E. M. Kitagawa, "Components of a Difference
 * Between Two Rates", 1955): each group's change of weight times its mean distance from the mean rate, and its change of rate times its
 * mean weight. Groups are all that the users of a minute are counted by: topics, ages, and those of a project.
 *
 * @param comparison the stretches that are held against those `shift` earlier, and the names that they are held against
 * @returns null where users do not follow the choice, or either side has fewer than 100 shows
 */
export function splitRateChange(
  tables: Tables,
  { names }: Pick<Selection, 'names'>,
  comparison: Pick<Baseline, 'both' | 'shift' | 'names'>,
): RateChange | null {
  const { both, shift } = comparison;
  const table = tableOf(tables, 'users');
  const sides = [names, namesBefore(names, comparison)].map((one) => Object.entries(one));
  if (!sides.every((chosen) => isNarrowed(table, chosen))) return null;
  const [first, second] = listEnds(tables);
  const fields = Object.keys(tables.dimensions).filter((field) =>
    table.dimensions.some((own) => Object.hasOwn(own, field)),
  );
  const others = fields.filter((field) => field !== 'event');
  const pairs = new Map<string, Pair>();
  for (const [side, chosen] of sides.entries())
    for (const { start, end } of both) {
      const back = side * shift;
      const choice = { chosen, shown: [start - back, end - back] as const, step: minuteMs };
      for (const { fields: row, group } of ask(table, { groupby: fields, measures: [] }, choice).groups) {
        const event = String(row.event);
        if (event !== first && event !== second) continue;
        const key = JSON.stringify(others.map((field) => row[field]));
        const pair = pairs.get(key) ?? { name: String(row.item_topic), shows: [0, 0], clicks: [0, 0] };
        pairs.set(key, pair);
        const sums = event === first ? pair.shows : pair.clicks;
        sums[side] = pick(sums, side) + pick(group.sums, 0);
      }
    }
  return addPairs([...pairs.values()]);
}

function addPairs(pairs: readonly Pair[]): RateChange | null {
  const sum = (of: 'shows' | 'clicks', side: 0 | 1) => pairs.reduce((all, pair) => all + pair[of][side], 0);
  const shows = [sum('shows', 0), sum('shows', 1)] as const;
  if (Math.min(...shows) < fewestShows) return null;
  const [now, before] = [sum('clicks', 0) / shows[0], sum('clicks', 1) / shows[1]];
  const mean = (now + before) / 2;
  const topics = new Map<string, number>();
  let [mix, rates] = [0, 0];
  for (const { name, shows: own, clicks } of pairs) {
    const weight = own[0] / shows[0] - own[1] / shows[1];
    // A group missing on one side takes its rate from the other, so its whole part counts as mix.
    const ownRates = [clicks[0] / own[0], clicks[1] / own[1]].filter((_, side) => pick(own, side) > 0);
    const rate = ownRates.reduce((all, one) => all + one, 0) / ownRates.length;
    const by = clicks[0] / shows[0] - clicks[1] / shows[1] - weight * mean;
    const byMix = ownRates.length > 0 ? weight * (rate - mean) : 0;
    [mix, rates] = [mix + byMix, rates + by - byMix];
    topics.set(name, (topics.get(name) ?? 0) + by);
  }
  const [cause] = [...topics].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  const [name, by] = known(cause);
  return { now, before, mix, rates, cause: { name, by } };
}
