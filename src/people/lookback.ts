import { dayMinutes } from '../time.ts';
import { UserDictionary, nullUser } from './dictionary.ts';
import { Scopes } from './scopes.ts';
import type { Yielder } from '../async/yield.ts';
import { missing } from '../shared/known.ts';

/**
 * The events of one UTC day (counted from 1970) × card topic × age × event: their users, who may repeat, their minutes of the day, and
 * how many of the users each of these has (null: one), arrays as PostgreSQL writes them.
 */
export interface CellUsers {
  day: number;
  item_topic: string | null;
  age_segment: string | null;
  event: string | null;
  users: string;
  minutes: string;
  counts: string | null;
}

/** The same as numbers: the user's code (or `nullUser`) and the minute of each event, and the number of their cell in `Scopes`. */
interface CodedGroup {
  cell: number;
  users: Uint32Array;
  minutes: Uint32Array;
}

/** A day as it was read: its events, and their number in each minute. */
export interface ReadDay {
  groups: CodedGroup[];
  events: Uint32Array;
}

/**
 * The users who were seen on one UTC day, counted from 1970. Users are codes, in ascending order; the events of user n stand from `starts[n]` up
 * to `starts[n + 1]`, in order of time, each with its minute of the day (from 0) and its cell (of `Scopes`).
 */
export interface SeenDay {
  day: number;
  users: Uint32Array;
  starts: Uint32Array;
  minutes: Uint16Array;
  cells: Uint32Array;
}

/** The most ids held at once, at some 60 bytes each. Beyond that, all are forgotten, and read again when needed. */
const mostIds = 8_000_000;

/** The users who were seen on some days. They stay in memory while a run counts, and nowhere else. */
export class Lookback {
  ids = new UserDictionary();
  readonly scopes = new Scopes();
  readonly #yielder: Yielder;
  #days = new Map<number, SeenDay>();

  constructor(yielder: Yielder) {
    this.#yielder = yielder;
  }

  find(day: number): SeenDay | undefined {
    return this.#days.get(day);
  }

  /** Reads what was seen on a day. */
  async read(seen: readonly CellUsers[]): Promise<ReadDay> {
    const groups: CodedGroup[] = [];
    const events = new Uint32Array(dayMinutes);
    for (const { users, minutes, counts, ...names } of seen) {
      await this.#yielder.pass();
      const codes = this.ids.read(users);
      const group = {
        cell: this.scopes.of(names),
        users: codes,
        minutes: readMinutes(minutes, counts, codes.length),
      };
      for (const minute of group.minutes) events[minute] = (events[minute] ?? missing()) + 1;
      groups.push(group);
    }
    return { groups, events };
  }

  /** Keeps what was read of a day. */
  keep(day: number, { groups, events }: ReadDay): SeenDay {
    const kept = { day, ...sortByUser(sortByMinute(groups, events), this.ids.size) };
    this.#days.set(day, kept);
    return kept;
  }

  /** Forgets the days before one, and all of them when they have too many ids. */
  forget(before: number): void {
    for (const day of this.#days.keys()) if (day < before) this.#days.delete(day);
    if (this.ids.size <= mostIds) return;
    this.#days = new Map();
    this.ids = new UserDictionary();
  }
}

/** The minute of each of so many events. */
function readMinutes(array: string, counts: string | null, events: number): Uint32Array {
  const minutes = readNumbers(array, events);
  if (counts === null) return minutes;
  const all = new Uint32Array(events);
  let start = 0;
  for (const [place, count] of readNumbers(counts, minutes.length).entries()) {
    all.fill(minutes[place] ?? missing(), start, start + count);
    start += count;
  }
  return all;
}

/** An array of at most so many whole numbers from 0 on. */
function readNumbers(array: string, most: number): Uint32Array {
  const numbers = new Uint32Array(most);
  let length = 0;
  for (let at = 1; at < array.length; at++) {
    let number = 0;
    for (let digit = array.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = array.charCodeAt(++at) - 48)
      number = number * 10 + digit;
    numbers[length++] = number;
  }
  return numbers.subarray(0, length);
}

/** Events of any cells, in order of time. */
interface Events {
  users: Uint32Array;
  minutes: Uint16Array;
  cells: Uint32Array;
}

/** @param events how many there are in each minute */
function sortByMinute(groups: readonly CodedGroup[], events: Uint32Array): Events {
  const { starts: next, length } = startsOf(events);
  const [users, minutes, cells] = [new Uint32Array(length), new Uint16Array(length), new Uint32Array(length)];
  for (const group of groups) {
    for (let place = 0; place < group.users.length; place++) {
      const minute = group.minutes[place] ?? missing();
      const at = next[minute] ?? missing();
      next[minute] = at + 1;
      users[at] = group.users[place] ?? missing();
      minutes[at] = minute;
      cells[at] = group.cell;
    }
  }
  return { users, minutes, cells };
}

/** @param size codes are below it */
function sortByUser(events: Events, size: number): Omit<SeenDay, 'day'> {
  const counts = new Uint32Array(size);
  for (const user of events.users) if (user !== nullUser) counts[user] = (counts[user] ?? missing()) + 1;
  const { starts: next, length } = startsOf(counts);
  const users = new Uint32Array(counts.reduce((sum, some) => sum + (some > 0 ? 1 : 0), 0));
  const starts = new Uint32Array(users.length + 1).fill(length);
  let place = 0;
  for (let user = 0; user < size; user++) {
    if (counts[user] === 0) continue;
    users[place] = user;
    starts[place++] = next[user] ?? missing();
  }
  const [minutes, cells] = [new Uint16Array(length), new Uint32Array(length)];
  for (let event = 0; event < events.users.length; event++) {
    const user = events.users[event] ?? missing();
    if (user === nullUser) continue;
    const at = next[user] ?? missing();
    next[user] = at + 1;
    minutes[at] = events.minutes[event] ?? missing();
    cells[at] = events.cells[event] ?? missing();
  }
  return { users, starts, minutes, cells };
}

/** The start of each group when groups of these sizes stand one after the other, and their total. */
function startsOf(counts: Uint32Array): { starts: Uint32Array; length: number } {
  const starts = new Uint32Array(counts.length);
  let length = 0;
  for (let place = 0; place < counts.length; place++) {
    starts[place] = length;
    length += counts[place] ?? missing();
  }
  return { starts, length };
}
