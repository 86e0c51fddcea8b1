import { pick } from './data/cells.ts';
import { ask } from './data/query.ts';
import { tableOf } from './data/table.ts';
import type { Tables } from './data/table.ts';
import { known } from './known.ts';
import { stepAt, stepFor } from './ladder.ts';
import type { Selection } from './selection.ts';
import { dayMs, minuteMs } from './units.ts';

/** A stretch in which a name's events were many times what the other names' events suggested. */
export interface Spike {
  /** Unix milliseconds, half-open. */
  start: number;
  end: number;
  field: string;
  name: string;
  events: number;
  /** The expected number of events. */
  usual: number;
}

/** The number of captions that fit on a plot. */
const mostCaptions = 3;
/** The most steps in which a period is searched. */
const mostLookedThrough = 3000;
/** The longest spike. */
const longestSpike = 3 * 60 * minuteMs;
/** The minimum for a spike: events, multiple of the usual, and part of all events in its stretch. */
const news = { events: 20, multiple: 3, part: 0.1 };
/** The fewest events of other names that show what is usual. */
const tellingEvents = 100;
/**
 * The likelihood ratio beyond which chance is ruled out: exceeded less than once in a thousand pages of a million
 * stretches.
 */
const threshold = 21;
/** The number of steps on either side used to measure a name's own variability. */
const aroundSteps = 12;
/** The mean square of standard normal values, without the largest tenth of the squares. */
const trimmedMean = 0.623;

/**
 * Finds the three sharpest spikes of a period at most, earliest first, working in small steps. Each stretch of each
 * name is compared with its share of all other events before it, after it, and at that time on other days, whichever is
 * largest. Common rises, as in the evening, and daily ones are no spikes. Stretches are ranked by likelihood ratio (M.
 * Kulldorff, "A spatial scan statistic", 1997), divided by the name's usual variability relative to chance.
 *
 * @param names the chosen names; topics are compared with all topics
 * @param span the period, Unix milliseconds
 */
export function* findSpikes(
  tables: Tables,
  names: Selection['names'],
  span: [number, number],
): Generator<undefined, Spike[]> {
  const table = tableOf(tables, 'events');
  const fine = stepFor((span[1] - span[0]) / minuteMs, mostLookedThrough);
  const step = Math.max(fine * minuteMs, stepAt(tables.ladder, span[0]));
  const choice = { chosen: Object.entries({ ...names, item_topic: null }), shown: span, step };
  const found: (Pick<Spike, 'field' | 'name'> & Omit<StandOut, 'name'>)[] = [];
  for (const fields of table.dimensions) {
    const field = known(Object.keys(fields)[0]);
    const { groups, times } = ask(table, { groupby: [field], time: 'dt', measures: [] }, choice);
    const courses = groups.map(({ group }) => group.sums);
    for (const one of yield* scanCourses(courses, dayMs / step, Math.max(1, longestSpike / step)))
      found.push({
        ...{ ...one, field, name: String(known(groups[one.name]).fields[field]) },
        from: Math.max(span[0], pick(times, one.from)),
        to: one.to < times.length ? pick(times, one.to) : span[1],
      });
  }
  return chooseApart(found)
    .map(({ from, to, field, name, events, usual }) => ({ start: from, end: to, field, name, events, usual }))
    .sort((a, b) => a.start - b.start);
}

/** A stretch of steps in which one course stood out. */
export interface StandOut {
  /** Its index among the courses. */
  name: number;
  from: number;
  to: number;
  events: number;
  usual: number;
  score: number;
}

/** Chooses the best ones, so that none overlaps a better one. */
function chooseApart<One extends { from: number; to: number; score: number }>(all: One[]): One[] {
  const chosen: One[] = [];
  for (const one of all.sort((a, b) => b.score - a.score)) {
    if (chosen.length === mostCaptions) break;
    if (chosen.every(({ from, to }) => one.from >= to || one.to <= from)) chosen.push(one);
  }
  return chosen;
}

/**
 * Searches the courses of some names for stretches that stand out, and keeps the best of any that overlap.
 *
 * @param courses the events of each in equal steps
 * @param perDay steps of a day
 * @param longestSpike the most steps in a stretch
 */
export function* scanCourses(
  courses: readonly ArrayLike<number>[],
  perDay: number,
  longestSpike: number,
): Generator<undefined, StandOut[]> {
  const steps = courses[0]?.length ?? 0;
  const all = addSums(
    Array.from({ length: steps }, (_, at) => courses.reduce((sum, one) => sum + pick(one, at), 0)),
  );
  const standing: StandOut[] = [];
  for (const [name, course] of courses.entries()) {
    yield;
    const own = addSums(course);
    const others = own.map((sum, at) => pick(all, at) - sum);
    let unrest: number | undefined;
    const best: StandOut[] = [];
    for (let length = 1; length <= Math.min(longestSpike, steps / 4); length += Math.ceil(length / 4))
      for (let from = 0; from + length <= steps; from++) {
        const to = from + length;
        const events = sumSteps(own, from, to);
        const beside = sumSteps(others, from, to);
        if (events < news.events || events < news.part * (events + beside) || beside === 0) continue;
        const isUsual = (rate: number) =>
          events < news.multiple * beside * rate || events - beside * rate < news.part * (events + beside);
        const rate = expect(own, others, from, to, perDay, isUsual);
        if (rate === undefined || isUsual(rate)) continue;
        const usual = beside * rate;
        unrest ??= measureUnrest(own, others);
        const score = (events * Math.log(events / usual) - (events - usual)) / unrest;
        if (score >= threshold) best.push({ name, from, to, events, usual, score });
      }
    standing.push(...chooseApart(best).map((found) => trim(found, own, others)));
  }
  return standing;
}

/** Removes steps at both ends that are not part of a spike. */
function trim(found: StandOut, own: Float64Array, others: Float64Array): StandOut {
  const rate = found.usual / sumSteps(others, found.from, found.to);
  const isUsual = (at: number) => {
    const mine = sumSteps(own, at, at + 1);
    return mine === 0 || mine < news.multiple * rate * sumSteps(others, at, at + 1);
  };
  let { from, to } = found;
  while (from < to - 1 && isUsual(from)) from++;
  while (from < to - 1 && isUsual(to - 1)) to--;
  return { ...found, from, to, events: sumSteps(own, from, to), usual: rate * sumSteps(others, from, to) };
}

/** Returns running sums: of no steps, of the first, of the first two, and so on. */
function addSums(course: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(course.length + 1);
  for (let at = 0; at < course.length; at++) sums[at + 1] = pick(sums, at) + pick(course, at);
  return sums;
}

function sumSteps(sums: Float64Array, from: number, to: number): number {
  const last = sums.length - 1;
  return pick(sums, Math.min(Math.max(to, 0), last)) - pick(sums, Math.min(Math.max(from, 0), last));
}

/**
 * Returns how many of a name's events are usual for each event of other names around a stretch. Undefined when too few
 * events tell, or when `isEnough` accepts a rate, so that no other matters. The other days, which take longest, come
 * last.
 */
function expect(
  own: Float64Array,
  others: Float64Array,
  from: number,
  to: number,
  perDay: number,
  isEnough: (rate: number) => boolean,
): number | undefined {
  const length = to - from;
  const room = Math.max(4 * length, Math.ceil(perDay / 12));
  let most: number | undefined;
  for (const at of [from - room, to]) {
    const rate = rateOf(sumSteps(own, at, at + room), sumSteps(others, at, at + room));
    if (rate === undefined) continue;
    if (isEnough(rate)) return undefined;
    most = Math.max(most ?? 0, rate);
  }
  const aside = Math.ceil(perDay / 24);
  let [daily, dailyOthers] = [0, 0];
  for (let day = from % perDay; day < own.length - 1; day += perDay) {
    const isNear = Math.abs(day - from) < perDay / 2;
    if (isNear) continue;
    daily += sumSteps(own, day - aside, day + length + aside);
    dailyOthers += sumSteps(others, day - aside, day + length + aside);
  }
  const rate = rateOf(daily, dailyOthers);
  return rate === undefined ? most : Math.max(most ?? 0, rate);
}

function rateOf(mine: number, theirs: number): number | undefined {
  return theirs >= tellingEvents ? (mine + 0.5) / theirs : undefined;
}

/**
 * Measures how much more than by chance a name's events vary around neighbouring steps, leaving out the sharpest tenth,
 * which may be a spike.
 */
function measureUnrest(own: Float64Array, others: Float64Array): number {
  const squares: number[] = [];
  for (let at = 0; at + 1 < own.length; at++) {
    const [from, to] = [at - aroundSteps, at + 1 + aroundSteps];
    const [mine, theirs] = [sumSteps(own, at, at + 1), sumSteps(others, at, at + 1)];
    const around = sumSteps(others, from, to) - theirs;
    const usual = around > 0 ? (theirs * (sumSteps(own, from, to) - mine)) / around : 0;
    if (usual >= 1) squares.push((mine - usual) ** 2 / usual);
  }
  squares.sort((a, b) => a - b);
  const kept = squares.slice(0, Math.ceil(0.9 * squares.length));
  const mean = kept.reduce((sum, square) => sum + square, 0) / Math.max(1, kept.length);
  return Math.max(1, mean / trimmedMean);
}
