import { dayMinutes } from '../time.ts';
import { missing } from '../shared/known.ts';

/** Pairs (minute, previous minute), packed as `minute * base + previous`. Minutes count from 1; a previous one of 0 is none. */
export class ReturnPairs {
  readonly base: number;
  #pairs = new Int32Array();
  #length = 0;
  #isSorted = false;

  constructor(base: number) {
    this.base = base;
  }

  add(minute: number, previous: number): void {
    if (this.#length === this.#pairs.length) {
      const longer = new Int32Array(Math.max(16, this.#length * 2));
      longer.set(this.#pairs);
      this.#pairs = longer;
    }
    this.#pairs[this.#length++] = minute * this.base + previous;
    this.#isSorted = false;
  }

  /** All so far, in order. */
  sort(): Int32Array {
    if (!this.#isSorted) this.#pairs = this.#pairs.subarray(0, this.#length).sort();
    this.#isSorted = true;
    return this.#pairs;
  }
}

/** The pairs of some lists in order. */
export function sortPairs(lists: readonly ReturnPairs[]): Int32Array {
  return lists.map((list) => list.sort()).reduce(mergePairs, new Int32Array());
}

function mergePairs(one: Int32Array, other: Int32Array): Int32Array {
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one;
  const merged = new Int32Array(one.length + other.length);
  let left = 0;
  let right = 0;
  while (left < one.length && right < other.length) {
    const mine = one[left] ?? missing();
    const theirs = other[right] ?? missing();
    merged[left + right] = mine < theirs ? mine : theirs;
    if (mine < theirs) left++;
    else right++;
  }
  merged.set(left < one.length ? one.subarray(left) : other.subarray(right), left + right);
  return merged;
}

/** Pairs with their counts: three parallel arrays. */
export interface PairCounts {
  /** Of the day, from 0. */
  minutes: Int16Array;
  /** From the same midnight; `never`: none. */
  previous: Int16Array;
  users: Int32Array;
}

/** Stands for no minute before. */
export const never = -0x8000;

/** Counts sorted pairs that were packed with a base. */
export function countPairs(pairs: Int32Array, base: number): PairCounts {
  const first = base - dayMinutes;
  const [minutes, previous] = [new Int16Array(pairs.length), new Int16Array(pairs.length)];
  const users = new Int32Array(pairs.length);
  let length = 0;
  for (const [at, pair] of pairs.entries()) {
    if (at > 0 && pair !== pairs[at - 1]) length++;
    const before = pair % base;
    minutes[length] = Math.floor(pair / base) - first;
    previous[length] = before === 0 ? never : before - first;
    users[length] = (users[length] ?? missing()) + 1;
  }
  const some = pairs.length === 0 ? 0 : length + 1;
  return {
    minutes: minutes.subarray(0, some),
    previous: previous.subarray(0, some),
    users: users.subarray(0, some),
  };
}

/** The base for packing pairs: more than the minutes of a day and of the known days before it. */
export function baseOf(reach: number): number {
  return (reach + 1) * dayMinutes + 1;
}
