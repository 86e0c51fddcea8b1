import { dayMs } from '../time.ts';
import { dayMinutes } from './past.ts';
import type { Cell, Day, Past } from './past.ts';
import type { Scope } from './scopes.ts';
import type { Turn } from './turn.ts';

/** A scope's users on a UTC day (Unix milliseconds), and how many days before it were looked through. */
export interface Returns extends Scope {
  day: number;
  reach: number;
  pairs: Pairs;
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
  const first = day.day - reach;
  const midnight = reach * dayMinutes;
  const base = midnight + dayMinutes + 1;
  const cells = [...before, day].flatMap((one) => one.cells);
  // From 1 on, so that 0 is for users who were not seen.
  const minutes = [...before, day].flatMap((one) =>
    one.cells.map(({ minute }) => (one.day - first) * dayMinutes + minute + 1),
  );
  const { order, starts } = byUser(cells, day, ids.size);
  const last = new Float64Array(scopes.list.length);
  const found = new Map<number, Pairs>();
  for (let user = 0; user + 1 < starts.length; user++) {
    const [from, to] = [starts[user] ?? 0, starts[user + 1] ?? 0];
    if (from === to) continue;
    await turn.pass();
    // Each user's minutes lie above all of those before, so that nothing has to be cleared.
    const floor = user * base;
    for (let at = from; at < to; at++) {
      const cell = order[at] ?? 0;
      const minute = minutes[cell] ?? 0;
      for (const scope of cells[cell]?.scopes ?? []) {
        const previous = Math.max(0, (last[scope] ?? 0) - floor);
        last[scope] = floor + minute;
        if (minute > midnight && previous !== minute) pairsOf(found, scope, base).add(minute, previous);
      }
    }
  }
  const returns: Returns[] = [];
  for (const [scope, pairs] of found) {
    await turn.pass();
    pairs.sort();
    const names = scopes.list[scope];
    if (names) returns.push({ day: day.day * dayMs, reach, ...names, pairs });
  }
  return returns;
}

function pairsOf(found: Map<number, Pairs>, scope: number, base: number): Pairs {
  const known = found.get(scope);
  if (known) return known;
  const pairs = new Pairs(base);
  found.set(scope, pairs);
  return pairs;
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

/** Minutes from 1, the day's own the last ones below the base, each with the one before it, or 0: in order once they are sorted. */
export class Pairs {
  readonly #base: number;
  #pairs = new Int32Array(16);
  #length = 0;

  constructor(base: number) {
    this.#base = base;
  }

  add(minute: number, previous: number): void {
    if (this.#length === this.#pairs.length) {
      const longer = new Int32Array(this.#length * 2);
      longer.set(this.#pairs);
      this.#pairs = longer;
    }
    this.#pairs[this.#length++] = minute * this.#base + previous;
  }

  sort(): void {
    this.#pairs = this.#pairs.subarray(0, this.#length).sort();
  }

  /**
   * How many there are of each, when sorted: three arrays of one order, as PostgreSQL writes them. Minutes of the day, from 0;
   * the minutes before, from the same midnight (null: none); and users.
   */
  list(): Record<'minutes' | 'previous' | 'users', string> {
    const [minutes, previous, users]: [number[], (number | 'NULL')[], number[]] = [[], [], []];
    const first = this.#base - dayMinutes;
    for (let at = 0; at < this.#length;) {
      const start = at;
      const pair = this.#pairs[at] ?? 0;
      while (this.#pairs[at] === pair) at++;
      const before = pair % this.#base;
      minutes.push(Math.floor(pair / this.#base) - first);
      previous.push(before === 0 ? 'NULL' : before - first);
      users.push(at - start);
    }
    return { minutes: `{${minutes.join()}}`, previous: `{${previous.join()}}`, users: `{${users.join()}}` };
  }
}
