import { Ids } from './ids.ts';
import { Scopes } from './scopes.ts';
import type { Turn } from './turn.ts';

/**
 * The events of one minute × card topic × age × event, and their users, who may repeat, as PostgreSQL writes an array. Minutes are
 * counted from 1970.
 */
export interface Seen {
  minute: number;
  item_topic: string | null;
  age_segment: string | null;
  event: string | null;
  events: number;
  users: string;
}

/**
 * Who was seen on one UTC day, counted from 1970. Users are codes, in ascending order; the events of user n stand from `starts[n]` up
 * to `starts[n + 1]`, in order of time, each with its minute of the day (from 0) and its cell (of `Scopes`).
 */
export interface Day {
  day: number;
  users: Uint32Array;
  starts: Uint32Array;
  minutes: Uint16Array;
  cells: Uint32Array;
}

export const dayMinutes = 1440;

/** Ids that may be held at once, at some 60 bytes each: with more, all is forgotten, and read again where it is needed. */
const mostIds = 8_000_000;

/** Who was seen on some days, in memory for as long as a run counts, and nowhere else. */
export class Past {
  ids = new Ids();
  readonly scopes = new Scopes();
  #days = new Map<number, Day>();

  find(day: number): Day | undefined {
    return this.#days.get(day);
  }

  /** Keeps what was seen on a day. */
  async keep(day: number, seen: readonly Seen[], turn: Turn): Promise<Day> {
    const groups: Group[] = [];
    for (const { minute, users, item_topic, age_segment, event } of seen) {
      await turn.pass();
      const codes = this.ids.read(users);
      groups.push({
        minute: minute - day * dayMinutes,
        cell: this.scopes.of({ item_topic, age_segment, event }),
        users: codes,
      });
    }
    const kept = { day, ...sortByUser(groups, this.ids.size) };
    this.#days.set(day, kept);
    return kept;
  }

  /** Forgets the days before one, and all of them when they have too many ids. */
  forget(before: number): void {
    for (const day of this.#days.keys()) if (day < before) this.#days.delete(day);
    if (this.ids.size <= mostIds) return;
    this.#days = new Map();
    this.ids = new Ids();
  }
}

/** The users of one minute and cell. */
interface Group {
  minute: number;
  cell: number;
  users: Uint32Array;
}

/** @param size codes are below it */
function sortByUser(groups: Group[], size: number): Omit<Day, 'day'> {
  groups.sort((a, b) => a.minute - b.minute);
  const next = new Uint32Array(size);
  for (const { users } of groups) for (const user of users) next[user] = (next[user] ?? 0) + 1;
  const users = new Uint32Array(next.reduce((sum, events) => sum + (events > 0 ? 1 : 0), 0));
  const starts = new Uint32Array(users.length + 1);
  let [place, start] = [0, 0];
  for (const [user, events] of next.entries()) {
    next[user] = start;
    if (events === 0) continue;
    users[place++] = user;
    start += events;
    starts[place] = start;
  }
  const [minutes, cells] = [new Uint16Array(start), new Uint32Array(start)];
  for (const group of groups) {
    for (const user of group.users) {
      const at = next[user] ?? 0;
      next[user] = at + 1;
      minutes[at] = group.minute;
      cells[at] = group.cell;
    }
  }
  return { users, starts, minutes, cells };
}
