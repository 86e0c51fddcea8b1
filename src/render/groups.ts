import { eachCell, latestMinute, pick } from '../shared/data/cells.ts';
import type { Rows } from '../shared/data/cells.ts';
import { known, missing } from '../shared/known.ts';
import { countedBy, namesOf, placesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { People } from '../shared/people/bounds.ts';
import type { Bounds } from '../shared/people/bounds.ts';

/**
 * The groups of a page, by code: a card topic × an age × a kind of event, each with its number of different people over
 * the period.
 * That number is known when the page counts people. Otherwise it lies between the most users in one minute, who are
 * different people, and the sum over all minutes. Users are assumed to have one age at a time.
 */
export class Groups {
  readonly topics: number[];
  readonly kinds: number[];
  readonly least: number;
  readonly ages: number[];
  readonly #period: readonly [number, number];
  readonly #people: People | null;
  /** Tells whether the counts for all topics, or all ages, include people outside the page. */
  readonly #isNarrow: { topics: boolean; ages: boolean };
  readonly #cells = new Map<string, Rows>();
  /** The users of each minute, while a busiest one is searched for. */
  readonly #users: Float64Array;
  readonly #counts = new Map<string, Bounds>();
  readonly #totals = new Map<number, { low: number; most: number; enough: number }>();

  constructor(payload: Payload, least: number) {
    const { people, start, end } = payload;
    this.kinds = [...namesOf(payload, 'event').keys()];
    this.least = least;
    this.ages = [...namesOf(payload, 'age_segment').keys()];
    this.#period = [start, end];
    this.#people = people && new People(people, this.#period);
    const { fields, cells } = countedBy(payload, 'users');
    const places = placesOf(fields, ['item_topic', 'age_segment', 'event']);
    this.#users = new Float64Array(latestMinute(cells) + 1);
    const topics = new Set<number>();
    for (const cell of eachCell(cells)) {
      const codes = places.map((place) => pick(cell.codes, place)) as [number, number, number];
      topics.add(codes[0]);
      this.#cells.set(codes.join(), cell);
    }
    this.topics = [...namesOf(payload, 'item_topic').keys()].filter((topic) => topics.has(topic));
    const { only } = payload;
    this.#isNarrow = { topics: only !== undefined, ages: only?.age_segment !== undefined };
  }

  /** Returns the ages of some topics, those with the fewest people first. */
  agesOf(topics: readonly number[]): number[] {
    const sizes = this.ages.map((age) => this.#size(topics, [age]));
    return this.ages.filter((age) => known(sizes[age]) > 0).sort((a, b) => known(sizes[a]) - known(sizes[b]));
  }

  /** Returns the same topics, those with the fewest people first. */
  sort(topics: number[]): number[] {
    const sizes = new Map(topics.map((topic) => [topic, this.#size([topic], this.ages)]));
    return topics.toSorted((a, b) => known(sizes.get(a)) - known(sizes.get(b)));
  }

  #size(topics: readonly number[], ages: number[]): number {
    return sum(
      topics.flatMap((topic) =>
        this.kinds.flatMap((kind) =>
          this.within(topic, ages, kind).map((age) => this.#count(topic, age, kind).high),
        ),
      ),
    );
  }

  /** Lists which of some ages, or of all, have a kind of event in a topic. */
  within(topic: number, ages: readonly number[] | null, kind: number): number[] {
    return (ages ?? this.ages).filter((age) => this.#cells.has([topic, age, kind].join()));
  }

  /** Adds up the most people that some groups may have. */
  most(topic: number, ages: readonly number[] | null, kind: number): number {
    return sum(this.within(topic, ages, kind).map((age) => this.#count(topic, age, kind).high));
  }

  /** Returns the people certain to be in some groups of a topic together: in one group, in one minute, or in no other group. */
  certain(topic: number, ages: readonly number[], kind: number): number {
    const own = this.within(topic, ages, kind);
    const each = own.map((age) => this.#count(topic, age, kind).low);
    if (this.#people !== null && this.#isNarrow.ages) return Math.max(0, ...each);
    if (this.#people === null) return Math.max(...each, this.#busiest(topic, own, kind));
    const others = this.most(topic, null, kind) - this.most(topic, own, kind);
    return Math.max(...each, this.#ask([topic], null, kind).low - others);
  }

  /**
   * Returns the people of a kind of event: those certain, the most that its groups may have, and how many are enough
   * for a group, since there are no more.
   */
  total(kind: number): { low: number; most: number; enough: number } {
    const known = this.#totals.get(kind) ?? this.#total(kind);
    this.#totals.set(kind, known);
    return known;
  }

  #total(kind: number): { low: number; most: number; enough: number } {
    const most = sum(this.topics.map((topic) => this.most(topic, null, kind)));
    const isKnown = this.#people !== null && !this.#isNarrow.topics;
    const low = isKnown ? this.#ask(null, null, kind).low : 0;
    return { low, most, enough: Math.min(this.least, isKnown ? low : most) };
  }

  #count(topic: number, age: number, kind: number): Bounds {
    const key = [topic, age, kind].join();
    const known = this.#counts.get(key) ?? this.#look(topic, age, kind);
    this.#counts.set(key, known);
    return known;
  }

  #look(topic: number, age: number, kind: number): Bounds {
    if (this.#people) return this.#ask([topic], [age], kind);
    const rows = this.#rowsOf(topic, age, kind);
    return { low: this.#busiest(topic, [age], kind), high: sum(rows.map(({ values }) => sum(values))) };
  }

  #ask(topics: number[] | null, ages: number[] | null, kind: number): Bounds {
    const parts = known(this.#people).count(kind, { topics, ages, period: this.#period });
    return { low: Math.max(0, ...parts.map(({ low }) => low)), high: sum(parts.map(({ high }) => high)) };
  }

  #rowsOf(topic: number, age: number, kind: number): Rows[] {
    return [this.#cells.get([topic, age, kind].join()) ?? []].flat();
  }

  /** Returns the users of the busiest minute. */
  #busiest(topic: number, ages: number[], kind: number): number {
    const users = this.#users;
    const all = ages.flatMap((age) => this.#rowsOf(topic, age, kind));
    let most = 0;
    for (const { minutes, values } of all)
      for (let at = 0; at < minutes.length; at++) {
        const minute = minutes[at] ?? missing();
        const now = (users[minute] ?? missing()) + (values[at] ?? missing());
        users[minute] = now;
        if (now > most) most = now;
      }
    for (const { minutes } of all)
      for (let at = 0; at < minutes.length;) users[minutes[at++] ?? missing()] = 0;
    return most;
  }
}

function sum(numbers: ArrayLike<number>): number {
  let all = 0;
  for (let at = 0; at < numbers.length;) all += numbers[at++] ?? missing();
  return all;
}
