import { setImmediate } from 'node:timers/promises';
import { dayOf } from '../ledger/windows.ts';
import { dayMs, minuteMs } from '../time.ts';

/**
 * The users of one minute × card topic × age × event, who may repeat, as PostgreSQL writes an array. Minutes are counted from
 * 1970.
 */
export interface Seen {
  minute: number;
  item_topic: string | null;
  age_segment: string | null;
  event: string | null;
  users: string;
}

/** A card topic or every one of them, an age or every one, and one kind of event or either of two; null is a missing name, or an empty one. */
export interface Scope {
  every_topic: boolean;
  item_topic: string | null;
  every_age: boolean;
  age_segment: string | null;
  event: string | null;
  or_event: string | null;
}

/** A scope's users on a UTC day (Unix milliseconds). */
export interface Returns extends Scope {
  day: number;
  pairs: Pairs;
}

/** Two kinds of event, either of which counts: what tells how many people did both. */
const unions = [
  ['show', 'click'],
  ['show', 'view'],
] as const;

/** Gives way to what else is to be done, when it has not for some milliseconds. */
class Turn {
  #since = performance.now();

  async pass(): Promise<void> {
    if (performance.now() - this.#since < 5) return;
    await setImmediate();
    this.#since = performance.now();
  }
}

/**
 * Counts the users that come back on each UTC day. That takes a while, in which the database goes on with what it was asked
 * before; so answers to it are heard meanwhile.
 */
export async function countReturns(seen: readonly Seen[]): Promise<Returns[]> {
  const days = new Map<number, Seen[]>();
  for (const one of seen) {
    const day = dayOf(one.minute * minuteMs);
    const cells = days.get(day);
    if (cells) cells.push(one);
    else days.set(day, [one]);
  }
  const turn = new Turn();
  const counted: Returns[][] = [];
  for (const [day, cells] of days) counted.push(await countDay(day * dayMs, cells, turn));
  return counted.flat();
}

/** More than the minutes of a day, which count from 1. */
const base = dayMs / minuteMs + 1;

/** Goes user by user and in order of time, so that what is kept is one user's last minutes. */
async function countDay(day: number, cells: readonly Seen[], turn: Turn): Promise<Returns[]> {
  const ordered = cells.toSorted((a, b) => a.minute - b.minute);
  const scopes = new Scopes();
  const scopesOf = ordered.map((cell) => scopes.of(cell));
  const minutes = ordered.map(({ minute }) => minute - day / minuteMs + 1);
  const { order, starts } = await byUser(ordered, turn);
  const last = new Uint16Array(scopes.list.length);
  const found = scopes.list.map((scope): Returns => ({ day, ...scope, pairs: new Pairs() }));
  for (let user = 0; user + 1 < starts.length; user++) {
    await turn.pass();
    last.fill(0);
    for (let at = starts[user] ?? 0; at < (starts[user + 1] ?? 0); at++) {
      const cell = order[at] ?? 0;
      const [minute, numbers] = [minutes[cell] ?? 0, scopesOf[cell] ?? []];
      for (const scope of numbers) {
        const before = last[scope] ?? 0;
        if (before === minute) continue;
        last[scope] = minute;
        found[scope]?.pairs.add(minute * base + before);
      }
    }
  }
  for (const { pairs } of found) {
    await turn.pass();
    pairs.sort();
  }
  return found;
}

/** Minutes of a day, from 1, each with the one before it, or 0, to the base: in order once they are sorted. */
export class Pairs {
  #pairs = new Int32Array(16);
  #length = 0;

  add(pair: number): void {
    if (this.#length === this.#pairs.length) {
      const longer = new Int32Array(this.#length * 2);
      longer.set(this.#pairs);
      this.#pairs = longer;
    }
    this.#pairs[this.#length++] = pair;
  }

  sort(): void {
    this.#pairs = this.#pairs.subarray(0, this.#length).sort();
  }

  /**
   * How many there are of each, when sorted: three arrays of one order, as PostgreSQL writes them. Minutes of the day, from 0;
   * the minutes before (null: not yet); and users.
   */
  list(): Record<'minutes' | 'previous' | 'users', string> {
    const [minutes, previous, users]: [number[], (number | 'NULL')[], number[]] = [[], [], []];
    for (let at = 0; at < this.#length;) {
      const first = at;
      const pair = this.#pairs[at] ?? 0;
      while (this.#pairs[at] === pair) at++;
      const before = pair % base;
      minutes.push(Math.floor(pair / base) - 1);
      previous.push(before === 0 ? 'NULL' : before - 1);
      users.push(at - first);
    }
    return { minutes: `{${minutes.join()}}`, previous: `{${previous.join()}}`, users: `{${users.join()}}` };
  }
}

/**
 * The elements of an array as PostgreSQL writes it (its documentation, "Array Input and Output Syntax"), NULL left out. What is
 * in quotes keeps them: an id only has to differ from the others.
 */
function splitArray(text: string): string[] {
  const elements = text.includes('"')
    ? (text.match(/"(?:[^"\\]|\\.)*"|[^,{}]+/gs) ?? [])
    : text.slice(1, -1).split(',');
  return text.includes('NULL') ? elements.filter((element) => element !== 'NULL') : elements;
}

/** The cells of each user, in their order; those of user n stand from `starts[n]` on. */
async function byUser(
  seen: readonly Seen[],
  turn: Turn,
): Promise<{ order: Uint32Array; starts: Uint32Array }> {
  const codes = new Map<string, number>();
  const coded: Uint32Array[] = [];
  for (const { users } of seen) {
    await turn.pass();
    const own = splitArray(users).map((user) => {
      const code = codes.get(user) ?? codes.size;
      if (code === codes.size) codes.set(user, code);
      return code;
    });
    coded.push(Uint32Array.from(own));
  }
  const starts = new Uint32Array(codes.size + 1);
  for (const users of coded) for (const user of users) starts[user + 1] = (starts[user + 1] ?? 0) + 1;
  for (let user = 1; user < starts.length; user++)
    starts[user] = (starts[user] ?? 0) + (starts[user - 1] ?? 0);
  const [order, next] = [new Uint32Array(starts.at(-1) ?? 0), starts.slice()];
  for (const [cell, users] of coded.entries()) {
    for (const user of users) {
      const at = next[user] ?? 0;
      order[at] = cell;
      next[user] = at + 1;
    }
  }
  return { order, starts };
}

/** The scopes that occur, each with a number. */
class Scopes {
  readonly list: Scope[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #cells = new Map<string, number[]>();

  /** The numbers of the scopes that a cell counts in. */
  of(seen: Seen): number[] {
    const [item_topic, age_segment, event] = [seen.item_topic, seen.age_segment, seen.event].map((name) =>
      name === '' ? null : name,
    ) as [string | null, string | null, string | null];
    const cell = JSON.stringify([item_topic, age_segment, event]);
    const known = this.#cells.get(cell);
    if (known) return known;
    const either = unions.filter((union) => event !== null && (union as readonly string[]).includes(event));
    const kinds = [
      { event, or_event: null },
      ...either.map(([one, other]) => ({ event: one, or_event: other })),
    ];
    const topics = [
      { every_topic: true, item_topic: null },
      { every_topic: false, item_topic },
    ];
    const ages = [
      { every_age: true, age_segment: null },
      { every_age: false, age_segment },
    ];
    const numbers = topics.flatMap((topic) =>
      ages.flatMap((age) => kinds.map((kind) => this.#numberOf({ ...topic, ...age, ...kind }))),
    );
    this.#cells.set(cell, numbers);
    return numbers;
  }

  #numberOf(scope: Scope): number {
    const key = JSON.stringify(scope);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.list.length);
    return this.list.push(scope) - 1;
  }
}
