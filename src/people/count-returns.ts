import { listNamedGroups } from '../log/named-groups.ts';
import { dayMinutes, dayMs } from '../time.ts';
import { baseOf, ReturnPairs, sortPairs } from './return-pairs.ts';
import type { SeenDay } from './lookback.ts';
import type { CellScopes, Scope, Scopes } from './scopes.ts';
import type { Yielder } from '../async/yield.ts';
import { missing } from '../shared/known.ts';

/** A scope's users on a UTC day (Unix milliseconds), and how many days before it were searched. */
export interface DayReturns extends Scope {
  day: number;
  reach: number;
  /** Those of the scope, in order, packed with that base as in `ReturnPairs`: a reach may be shortened before they are written. */
  pairs: Int32Array;
  base: number;
}

/**
 * Counts the users that come back on a UTC day. That takes a while, in which the database goes on with what it was asked before; so
 * answers to it are heard meanwhile.
 *
 * @param before the days before it that are known, in order
 * @param reach how many days before it these are all of
 */
export async function countReturns(
  day: SeenDay,
  before: readonly SeenDay[],
  reach: number,
  scopes: Scopes,
  yielder: Yielder,
): Promise<DayReturns[]> {
  const first = day.day - reach;
  const counter = new Counter(scopes, reach);
  // From 1 on, so that 0 is for users who were not seen.
  const stretches = [...before, day].map((one): DayCursor => ({
    day: one,
    place: 0,
    start: (one.day - first) * dayMinutes + 1,
  }));
  for (const [place, user] of day.users.entries()) {
    if (place % 64 === 0) await yielder.pass();
    for (const stretch of stretches) advance(stretch, user);
    counter.add(
      place,
      stretches.filter((one) => one.day.users[one.place] === user),
    );
  }
  const returns: (Scope & { pairs: Int32Array })[] = [];
  for (const [number, scope] of scopes.list.entries()) {
    await yielder.pass();
    const lists = [counter.mixed[number], ...scopes.agesOf(number).map((one) => counter.single[one])];
    const pairs = sortPairs(lists.flatMap((list) => list ?? []));
    if (pairs.length > 0) returns.push({ ...scope, pairs });
  }
  // A day of which no user is known has a row without any, too: it is counted. So has a group that nobody was seen in.
  const groups = listNamedGroups().map(({ key }) => ({ ...emptyDay, every_topic: null, item_topic: key }));
  const rows = [...(returns.length > 0 ? returns : [emptyDay]), ...groups];
  return rows.map((one) => ({ day: day.day * dayMs, reach, base: baseOf(reach), ...one }));
}

const emptyDay = {
  ...{ every_topic: true, item_topic: null, every_age: true, age_segment: null },
  ...{ event: null, or_event: null, pairs: new Int32Array() },
};

/** A place in a day's users: where a user stands in it, and when the day begins. */
interface DayCursor {
  day: SeenDay;
  place: number;
  start: number;
}

/** Advances to a user, or to the next one if that user is absent. */
function advance(stretch: DayCursor, user: number): void {
  while ((stretch.day.users[stretch.place] ?? Infinity) < user) stretch.place++;
}

/**
 * The minutes of users, each with the one before it in the same scope. Users who are of one age, as most are, count in the scopes of
 * their age only: those of several ages are the ages' together, which is half the work.
 */
class Counter {
  readonly single: ReturnPairs[];
  readonly mixed: ReturnPairs[];
  readonly #cells: readonly CellScopes[];
  readonly #last: Float64Array;
  readonly #midnight: number;
  readonly #base: number;

  constructor({ list, cells }: Scopes, reach: number) {
    this.#midnight = reach * dayMinutes;
    this.#base = baseOf(reach);
    this.single = list.map(() => new ReturnPairs(this.#base));
    this.mixed = list.map(() => new ReturnPairs(this.#base));
    this.#cells = cells;
    this.#last = new Float64Array(list.length);
  }

  /** Called user by user, in order of their numbers, with the days in order of time. */
  add(user: number, stretches: readonly DayCursor[]): void {
    const isMixed = !this.#isOfOneAge(stretches);
    for (const { day, place, start } of stretches) {
      for (let at = day.starts[place] ?? missing(); at < (day.starts[place + 1] ?? missing()); at++) {
        const minute = start + (day.minutes[at] ?? missing());
        const { scopes, wider } = this.#cells[day.cells[at] ?? missing()] ?? missing();
        this.#add(user, minute, scopes, isMixed ? this.mixed : this.single);
        if (isMixed) this.#add(user, minute, wider, this.mixed);
      }
    }
  }

  #isOfOneAge(stretches: readonly DayCursor[]): boolean {
    let age: string | null | undefined;
    for (const { day, place } of stretches) {
      for (let at = day.starts[place] ?? missing(); at < (day.starts[place + 1] ?? missing()); at++) {
        const own = this.#cells[day.cells[at] ?? missing()]?.age;
        if (age !== undefined && own !== age) return false;
        age = own;
      }
    }
    return true;
  }

  #add(user: number, minute: number, scopes: readonly number[], into: readonly ReturnPairs[]): void {
    // Each user's minutes lie above all of those before, so that nothing has to be cleared.
    const floor = user * this.#base;
    for (const scope of scopes) {
      const previous = (this.#last[scope] ?? missing()) - floor;
      this.#last[scope] = floor + minute;
      if (minute > this.#midnight && previous !== minute)
        into[scope]?.add(minute, previous > 0 ? previous : 0);
    }
  }
}
