import { dayMinutes } from './past.ts';

/** Minutes from 1, the day's own the last ones below the base, each with the one before it, or 0: in order once they are sorted. */
export class Pairs {
  readonly base: number;
  #pairs = new Int32Array();
  #length = 0;

  constructor(base: number) {
    this.base = base;
  }

  get size(): number {
    return this.#length;
  }

  add(minute: number, previous: number): void {
    if (this.#length === this.#pairs.length) {
      const longer = new Int32Array(Math.max(16, this.#length * 2));
      longer.set(this.#pairs);
      this.#pairs = longer;
    }
    this.#pairs[this.#length++] = minute * this.base + previous;
  }

  sort(): void {
    this.#pairs = this.#pairs.subarray(0, this.#length).sort();
  }

  /** The pair at a place, when sorted; more than any, behind the last. */
  at(place: number): number {
    return this.#pairs[place] ?? Infinity;
  }
}

/**
 * How many there are of each pair of some lists that are sorted: three arrays of one order, as PostgreSQL writes them. Minutes of
 * the day, from 0; the minutes before, from the same midnight (null: none); and users.
 */
export function listPairs(lists: readonly Pairs[]): Record<'minutes' | 'previous' | 'users', string> {
  const [minutes, previous, users]: [number[], (number | 'NULL')[], number[]] = [[], [], []];
  const base = lists[0]?.base ?? 1;
  const first = base - dayMinutes;
  const places = lists.map(() => 0);
  for (let pair = least(lists, places); pair < Infinity; pair = least(lists, places)) {
    let count = 0;
    for (const [number, list] of lists.entries()) {
      let place = places[number] ?? 0;
      for (; list.at(place) === pair; place++) count++;
      places[number] = place;
    }
    const before = pair % base;
    minutes.push(Math.floor(pair / base) - first);
    previous.push(before === 0 ? 'NULL' : before - first);
    users.push(count);
  }
  return { minutes: `{${minutes.join()}}`, previous: `{${previous.join()}}`, users: `{${users.join()}}` };
}

function least(lists: readonly Pairs[], places: readonly number[]): number {
  let pair = Infinity;
  for (const [number, list] of lists.entries()) pair = Math.min(pair, list.at(places[number] ?? 0));
  return pair;
}
