import { Ids } from './ids.ts';
import { Scopes } from './scopes.ts';
import type { Own } from './scopes.ts';
import type { Turn } from './turn.ts';

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

/** Users by code, of one minute of a day (from 0). */
export interface Cell {
  minute: number;
  own: Own;
  users: Uint32Array;
}

/** One UTC day, counted from 1970: its cells in order of time. */
export interface Day {
  day: number;
  cells: Cell[];
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
    const cells: Cell[] = [];
    for (const { minute, users, ...names } of seen) {
      await turn.pass();
      cells.push({
        minute: minute - day * dayMinutes,
        own: this.scopes.of(names),
        users: this.ids.read(users),
      });
    }
    cells.sort((a, b) => a.minute - b.minute);
    const kept = { day, cells };
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
