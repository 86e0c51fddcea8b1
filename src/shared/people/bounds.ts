import { rowsWithin } from '../data/cube.ts';
import { dayMs, minuteMs } from '../units.ts';
import type { CountedGroups, Returns } from './returns.ts';
import { missing } from '../known.ts';
import { areSame } from '../selection.ts';

/** Two numbers between which the number of people lies. */
export interface Bounds {
  low: number;
  high: number;
}

/** A question about people: indices of names, or null for all, and a half-open stretch of the period, Unix milliseconds. */
export interface PeopleQuery {
  topics: number[] | null;
  ages: number[] | null;
  period: readonly [number, number];
}

/** A stretch of time in whole steps: those certainly inside it, and those that it touches. */
interface StepRange {
  inner: [number, number];
  outer: [number, number];
}

/** The codes of a question: 0 alone for everyone, one group's code, or those of some names. */
interface Asked {
  topics: readonly number[];
  ages: readonly number[];
}

/** The codes of a topic, an age and a kind of event, as in `Returns`. */
type ScopeCodes = readonly [topic: number, age: number, kind: number];

/** Counts people. */
export class People {
  readonly #returns: Returns;
  /** The page's period, half-open, Unix milliseconds. */
  readonly span: readonly [number, number];
  /** The cells of each scope, by its index. */
  readonly #scopes = new Map<number, [number, number]>();
  readonly #groups: CountedGroups;
  /** The numbers of topics, and of ages. */
  readonly #names: [topics: number, ages: number];

  constructor(returns: Returns, span: readonly [number, number]) {
    this.#returns = returns;
    this.span = span;
    const { offsets, sizes } = returns.cells;
    this.#groups = returns.groups ?? { topics: [], ages: [] };
    const { topics, ages } = this.#groups;
    this.#names = [(sizes[0] ?? missing()) - 1 - topics.length, (sizes[1] ?? missing()) - 1 - ages.length];
    for (let cell = 0; cell + 1 < offsets.length; cell++) {
      const place = this.#placeOf(cell);
      const [first] = this.#scopes.get(place) ?? [cell];
      this.#scopes.set(place, [first, cell + 1]);
    }
  }

  get #kinds(): number {
    return this.#returns.cells.sizes[2] ?? missing();
  }

  /**
   * Counts the people of a kind of event in each distinguishable stretch of the period, mostly one. Everyone seen in a
   * stretch has one first step there, whose previous sighting lies before the stretch; so the counts of a scope add up.
   * Different scopes may share people.
   */
  count(kind: number, query: PeopleQuery): Bounds[] {
    const asked = this.#ask(query);
    return this.#stretches(query.period).map((stretch) => this.#ofTopics(kind, asked, stretch));
  }

  /**
   * Counts the people of each stretch who were shown something and also did another thing: shown + others − either.
   * Across scopes, someone who did it can only have been shown nothing if that holds in one scope.
   */
  convert(show: number, other: number, either: 'click' | 'view', query: PeopleQuery): Bounds[] {
    const union = this.#kinds - (either === 'click' ? 2 : 1);
    const asked = this.#ask(query);
    return this.#stretches(query.period).map((stretch) => {
      const [shown, did, any] = [show, other, union].map((kind) => this.#ofTopics(kind, asked, stretch)) as [
        Bounds,
        Bounds,
        Bounds,
      ];
      const high = Math.min(shown.high, did.high, shown.high + did.high - any.low);
      const unseen = eachScope(asked).map((scope) => {
        const [first, all] = [show, union].map((kind) => this.#ofScope([...scope, kind], stretch)) as [
          Bounds,
          Bounds,
        ];
        return Math.max(0, all.high - first.low);
      });
      const low = Math.max(0, shown.low + did.low - any.high, did.low - sumCounts(unseen));
      return { low: Math.min(low, high), high };
    });
  }

  #ask({ topics, ages }: PeopleQuery): Asked {
    return {
      topics: listCodes(topics, this.#groups.topics, this.#names[0]),
      ages: listCodes(ages, this.#groups.ages, this.#names[1]),
    };
  }

  /** Cuts the period into as few stretches as possible: each lasts as long as its days are known back to its start. */
  #stretches([start, end]: readonly [number, number]): StepRange[] {
    const first = Math.floor(this.span[0] / dayMs);
    const bounds = [start];
    for (let day = Math.floor(start / dayMs) + 1; day * dayMs < end; day++) {
      const known = day - (this.#returns.reaches[day - first] ?? missing());
      if (known * dayMs > (bounds.at(-1) ?? start)) bounds.push(day * dayMs);
    }
    return start < end ? bounds.map((from, at) => this.#whole(from, bounds[at + 1] ?? end)) : [];
  }

  /** Rounds a stretch to whole steps, without going beyond the period. */
  #whole(from: number, to: number): StepRange {
    const step = this.#returns.step * minuteMs;
    const [start, end] = this.span;
    const first = Math.floor(start / step);
    const [before, after] = [Math.floor(from / step), Math.ceil(to / step)];
    return {
      inner: [
        from <= start ? before - first : Math.ceil(from / step) - first,
        (to >= end ? after : Math.floor(to / step)) - first,
      ],
      outer: [before - first, after - first],
    };
  }

  #ofTopics(kind: number, { topics, ages }: Asked, stretch: StepRange): Bounds {
    return boundUnion(topics, this.#names[0], (topic) => this.#ofAges(kind, topic, ages, stretch));
  }

  #ofAges(kind: number, topic: number, ages: readonly number[], stretch: StepRange): Bounds {
    return boundUnion(ages, this.#names[1], (age) => this.#ofScope([topic, age, kind], stretch));
  }

  #ofScope(codes: ScopeCodes, stretch: StepRange): Bounds {
    return this.#isWithheld(codes) ? this.#ofWithheld(codes, stretch) : this.#ofTold(codes, stretch);
  }

  #isWithheld([topic, age]: ScopeCodes): boolean {
    const { withheld } = this.#returns;
    if (topic === withheld.topic || age === withheld.age) return true;
    return topic === 0 && withheld.partly.includes(age);
  }

  /** Bounds a hidden scope by visible ones, using sums and differences of theirs. */
  #ofWithheld([topic, age, kind]: ScopeCodes, stretch: StepRange): Bounds {
    const of = (topic: number, age: number) => this.#ofScope([topic, age, kind], stretch);
    const [topics, ages] = this.#names.map(nameCodes) as [number[], number[]];
    if (topic === 0) {
      const each = topics.map((topic) => of(topic, age));
      const high = Math.min(of(0, 0).high, sumCounts(each.map(({ high }) => high)));
      return { low: Math.max(0, ...each.map(({ low }) => low)), high };
    }
    const isTopicTold = !this.#isWithheld([topic, 0, kind]);
    const whole = age === 0 ? of(0, 0) : of(topic, 0);
    if (age !== 0 && !isTopicTold) return { low: 0, high: whole.high };
    const others =
      age === 0
        ? topics.filter((other) => other !== topic).map((other) => of(other, 0))
        : ages.filter((other) => other !== age).map((other) => of(topic, other));
    return { low: Math.max(0, whole.low - sumCounts(others.map(({ high }) => high))), high: whole.high };
  }

  #ofTold(codes: ScopeCodes, { inner, outer }: StepRange): Bounds {
    const scope = this.#scopes.get(cellNumber(codes, this.#returns.cells.sizes));
    if (!scope) return noPeople;
    const high = this.#sum(scope, outer);
    return { low: inner[0] === outer[0] && inner[1] === outer[1] ? high : this.#sum(scope, inner), high };
  }

  /** Returns the users of a scope in the steps [from, to) who were last seen before `from`. */
  #sum([first, end]: [number, number], [from, to]: [number, number]): number {
    const { cells } = this.#returns;
    let users = 0;
    for (let cell = first; cell < end && from < to; cell++) {
      const since = cells.codes[3]?.[cell] ?? missing();
      const [low, high] = rowsWithin(cells, cell, from, since === 0 ? to : Math.min(to, from + since));
      users += (cells.sums[high] ?? missing()) - (cells.sums[low] ?? missing());
    }
    return users;
  }

  #placeOf(cell: number): number {
    const { codes, sizes } = this.#returns.cells;
    return cellNumber(
      codes.slice(0, 3).map((column) => column[cell] ?? missing()),
      sizes,
    );
  }
}

const noPeople: Bounds = { low: 0, high: 0 };

/** Lists the codes of that many names, without the 0 for all of them. */
function nameCodes(names: number): number[] {
  return Array.from({ length: names }, (_, name) => name + 1);
}

/** Returns the codes of some names, or of the group that they form. */
function listCodes(names: number[] | null, groups: readonly number[][], size: number): number[] {
  if (!names) return [0];
  const group = groups.findIndex((one) => areSame(one, names));
  return group < 0 ? [...new Set(names)].map((name) => name + 1) : [1 + size + group];
}

/** Pairs the codes of each topic with each age. */
function eachScope({ topics, ages }: Asked): [topic: number, age: number][] {
  return topics.flatMap((topic) => ages.map((age): [number, number] => [topic, age]));
}

function cellNumber(codes: readonly number[], sizes: readonly number[]): number {
  return codes.reduce((place, code, at) => place * (sizes[at] ?? missing()) + code, 0);
}

/**
 * Bounds the people of some names, who may have several. At least: the largest name, or all less the other names. At
 * most: the sum, or all. When nobody has two names, the bounds meet.
 */
function boundUnion(codes: readonly number[], names: number, of: (code: number) => Bounds): Bounds {
  const [only, more] = codes;
  if (only === undefined) return noPeople;
  if (more === undefined) return of(only);
  const all = of(0);
  const wanted = new Set(codes);
  const each = nameCodes(names).map((code) => ({ isIn: wanted.has(code), ...of(code) }));
  const chosen = each.filter(({ isIn }) => isIn);
  const high = Math.min(all.high, sumCounts(chosen.map(({ high }) => high)));
  const others = sumCounts(each.filter(({ isIn }) => !isIn).map(({ high }) => high));
  return { low: Math.min(high, Math.max(all.low - others, ...chosen.map(({ low }) => low))), high };
}

function sumCounts(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
