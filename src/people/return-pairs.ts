import { dayMinutes } from '../time.ts';
import { missing } from '../shared/known.ts';

/** Pairs (minute, previous minute), packed as `minute * base + previous`. Minutes count from 1; a previous one of 0 is none. */
export class ReturnPairs {
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

/** The number of times of each pair: three arrays of one order. */
export interface PairCounts {
  /** Of the day, from 0. */
  minutes: Int16Array;
  /** From the same midnight; `never`: none. */
  previous: Int16Array;
  users: Int32Array;
}

/** Stands for no minute before. */
export const never = -0x8000;

/** Counts the pairs of some lists that are sorted. */
export function countPairs(lists: readonly ReturnPairs[]): PairCounts {
  const most = lists.reduce((sum, { size }) => sum + size, 0);
  const [minutes, previous, users] = [new Int16Array(most), new Int16Array(most), new Int32Array(most)];
  const base = lists[0]?.base ?? 1;
  const first = base - dayMinutes;
  const places = lists.map(() => 0);
  let length = 0;
  for (let pair = leastPair(lists, places); pair < Infinity; pair = leastPair(lists, places)) {
    let count = 0;
    for (const [number, list] of lists.entries()) {
      let place = places[number] ?? missing();
      for (; list.at(place) === pair; place++) count++;
      places[number] = place;
    }
    const before = pair % base;
    minutes[length] = Math.floor(pair / base) - first;
    previous[length] = before === 0 ? never : before - first;
    users[length++] = count;
  }
  return {
    minutes: minutes.subarray(0, length),
    previous: previous.subarray(0, length),
    users: users.subarray(0, length),
  };
}

function leastPair(lists: readonly ReturnPairs[], places: readonly number[]): number {
  let pair = Infinity;
  for (const [number, list] of lists.entries()) pair = Math.min(pair, list.at(places[number] ?? missing()));
  return pair;
}
