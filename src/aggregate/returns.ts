import { dayMs } from '../time.ts';
import { Pairs } from './pairs.ts';
import { dayMinutes } from './past.ts';
import type { Cell, Day, Past } from './past.ts';
import type { Own, Scope } from './scopes.ts';
import type { Turn } from './turn.ts';

/** A scope's users on a UTC day (Unix milliseconds), and how many days before it were looked through. */
export interface Returns extends Scope {
  day: number;
  reach: number;
  /** Together they are the scope's; each is in order. */
  pairs: Pairs[];
}

/**
 * Counts the users that come back on a UTC day. That takes a while, in which the database goes on with what it was asked before; so
 * answers to it are heard meanwhile.
 *
 * @param before the days before it that are known, in order
 * @param reach how many days before it these are all of
 */
export async function countReturns(
  day: Day,
  before: readonly Day[],
  reach: number,
  { ids, scopes }: Past,
  turn: Turn,
): Promise<Returns[]> {
  const [first, midnight] = [day.day - reach, reach * dayMinutes];
  const counter = new Counter(scopes.list.length, midnight);
  const cells = [...before, day].flatMap((one) => one.cells);
  // From 1 on, so that 0 is for users who were not seen.
  const minutes = [...before, day].flatMap((one) =>
    one.cells.map(({ minute }) => (one.day - first) * dayMinutes + minute + 1),
  );
  const { order, starts } = byUser(cells, day, ids.size);
  for (let user = 0; user + 1 < starts.length; user++) {
    const [from, to] = [starts[user] ?? 0, starts[user + 1] ?? 0];
    if (from === to) continue;
    await turn.pass();
    const isMixed = !isOfOneAge(cells, order, from, to);
    for (let at = from; at < to; at++) {
      const cell = order[at] ?? 0;
      counter.add(user, minutes[cell] ?? 0, cells[cell]?.own ?? nothing, isMixed);
    }
  }
  for (const pairs of counter.all) {
    await turn.pass();
    pairs.sort();
  }
  return scopes.list.flatMap((scope, number) => {
    const pairs = [counter.mixed[number], ...scopes.agesOf(number).map((one) => counter.single[one])];
    const some = pairs.flatMap((list) => (list && list.size > 0 ? [list] : []));
    return some.length > 0 ? [{ day: day.day * dayMs, reach, ...scope, pairs: some }] : [];
  });
}

const nothing: Own = { age: null, scopes: [], every: [] };

/**
 * The minutes of users, each with the one before it in the same scope. Users who are of one age, as most are, count in the scopes of
 * their age only: those of every age are the ages' together, which is half the work.
 */
class Counter {
  readonly single: Pairs[];
  readonly mixed: Pairs[];
  readonly #last: Float64Array;
  readonly #midnight: number;
  readonly #base: number;

  /** @param midnight the last minute before the day that is counted */
  constructor(scopes: number, midnight: number) {
    this.#midnight = midnight;
    this.#base = midnight + dayMinutes + 1;
    this.single = Array.from({ length: scopes }, () => new Pairs(this.#base));
    this.mixed = Array.from({ length: scopes }, () => new Pairs(this.#base));
    this.#last = new Float64Array(scopes);
  }

  get all(): Pairs[] {
    return [...this.single, ...this.mixed];
  }

  /** Called user by user, and in order of time. */
  add(user: number, minute: number, { scopes, every }: Own, isMixed: boolean): void {
    this.#add(user, minute, scopes, isMixed ? this.mixed : this.single);
    if (isMixed) this.#add(user, minute, every, this.mixed);
  }

  #add(user: number, minute: number, scopes: readonly number[], into: readonly Pairs[]): void {
    // Each user's minutes lie above all of those before, so that nothing has to be cleared.
    const floor = user * this.#base;
    for (const scope of scopes) {
      const previous = (this.#last[scope] ?? 0) - floor;
      this.#last[scope] = floor + minute;
      if (minute > this.#midnight && previous !== minute)
        into[scope]?.add(minute, previous > 0 ? previous : 0);
    }
  }
}

function isOfOneAge(cells: readonly Cell[], order: Uint32Array, from: number, to: number): boolean {
  const age = cells[order[from] ?? 0]?.own.age;
  for (let at = from + 1; at < to; at++) if (cells[order[at] ?? 0]?.own.age !== age) return false;
  return true;
}

/** The cells of each user of a day, in their order; those of user n stand from `starts[n]` on. Of others there are none. */
function byUser(cells: readonly Cell[], day: Day, size: number): { order: Uint32Array; starts: Uint32Array } {
  const isThere = new Uint8Array(size);
  for (const { users } of day.cells) for (const user of users) isThere[user] = 1;
  const starts = new Uint32Array(size + 1);
  for (const { users } of cells)
    for (const user of users) starts[user + 1] = (starts[user + 1] ?? 0) + (isThere[user] ?? 0);
  for (let user = 1; user < starts.length; user++)
    starts[user] = (starts[user] ?? 0) + (starts[user - 1] ?? 0);
  const [order, next] = [new Uint32Array(starts.at(-1) ?? 0), starts.slice()];
  for (const [cell, { users }] of cells.entries()) {
    for (const user of users) {
      if (isThere[user] === 0) continue;
      const at = next[user] ?? 0;
      order[at] = cell;
      next[user] = at + 1;
    }
  }
  return { order, starts };
}
