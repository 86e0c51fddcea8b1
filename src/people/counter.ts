/**
 * Counts the different people of any stretch without keeping who they are. The idea: of all who are seen in a stretch, count those whom you had not
 * seen since its start. Each has exactly one first minute in it, and whatever was before that lies before the stretch. So it is enough to keep, for each
 * minute, how many had last been seen when. The source: S. Muthukrishnan, "Efficient algorithms for document retrieval problems" (SODA 2002), who lists
 * the different documents of a range by the places whose previous one lies before it.
 */
import { inFull } from '../async/in-full.ts';
import { Turnstile } from '../async/turnstile.ts';
import type { Turn } from '../async/turnstile.ts';
import { Yielder } from '../async/yield.ts';
import type { Database, Session } from '../db/database.ts';
import { KnownDays } from '../ledger/known-days.ts';
import { mostReach } from '../ledger/uncounted.ts';
import type { DayBehind } from '../ledger/uncounted.ts';
import { dayOf, dayWindow, intersect, listDays, merge, subtract, wholeDays } from '../ledger/windows.ts';
import type { Minute } from '../log/log.ts';
import { boundEvents, countEvents } from '../log/questions.ts';
import type { Window } from '../time.ts';
import { countReturns } from './count-returns.ts';
import type { DayReturns } from './count-returns.ts';
import { Lookback } from './lookback.ts';
import type { CellUsers, SeenDay } from './lookback.ts';
import { gatherUsers, mayCountUsers, queryCellUsers, replaceUsers, shortenReach } from './table.ts';
import type { Gathered } from './table.ts';

/** The most events of a day whose users are counted by default, and of all days that are searched. */
const mostEvents = 4_000_000;
const mostSeen = 16_000_000;

/** A window's place in a run: its users are counted and written after those of the windows before it. */
export interface PlaceInRun {
  counting: Turn;
  writing: Turn;
}

/** The most events that the days of a window have, and as many of them as count in memory: none, where all of the log may be there at once. */
export interface Load {
  events: number;
  memory: number;
}

/** Does some work in a transaction. */
type Transact = (work: (session: Session) => Promise<void>) => Promise<void>;

/**
 * Counts the people of a run. Those of a day are told from those of the days before it, so that windows are counted in their order;
 * and where an older day is aggregated anew, those after it are counted again at the end.
 */
export class PeopleCounter {
  readonly #minute: Minute;
  readonly #days: KnownDays;
  readonly #yielder = new Yielder();
  readonly #past = new Lookback(this.#yielder);
  readonly #counting = new Turnstile();
  readonly #writing = new Turnstile();
  /** Days to be counted again, which may reach further than they do. */
  readonly #due = new Map<number, number>();
  /** Days whose people were counted, but not written. */
  readonly #failed = new Set<number>();
  #may = false;
  /** There is one window, whose transaction may change days after it, too. */
  #isAlone = false;
  /** Tells that rows of `dash_users` were taken out, whose room can be given back. */
  replaced = false;

  constructor(minute: Minute) {
    this.#minute = minute;
    this.#days = new KnownDays(minute);
  }

  /**
   * Looks at what is there, and chooses the windows whose days are to be counted. When nobody says (`users`), those of up to four
   * million events that have been counted, so that nothing is lost, or of which the window holds at least half, so that an hour of a
   * busy day does not cost the day.
   *
   * @param transact shortens the reach of what was counted after several windows first, so that it does not go back into them. Their own
   *   transactions go side by side, each with a snapshot, and so may not change the same rows. Killed in between, less is known, but
   *   nothing is wrong. One window alone counts the days after it again itself, where most are as they were and take no room twice.
   */
  async choose(
    db: Database,
    windows: readonly Window[],
    users: boolean | undefined,
    transact?: Transact,
  ): Promise<Map<Window, Load>> {
    const chosen = new Map<Window, Load>();
    this.#failed.clear();
    this.#may = await mayCountUsers(db);
    if (!this.#may || windows.length === 0) return chosen;
    this.#isAlone = transact !== undefined && windows.length === 1;
    if (!this.#isAlone)
      await transact?.(async (session) => {
        for (const window of windows) await this.#shorten(session, wholeDays(window).end);
      });
    await this.#days.look(db, windows, windows);
    if (users === false) return chosen;
    for (const window of windows) {
      const most = await boundEvents(db, wholeDays(window));
      // What cannot be too many does not have to be counted.
      const events = most.own <= mostEvents ? undefined : await countEvents(db, wholeDays(window));
      const wanted = users ?? ((events ?? 0) <= mostEvents && (await this.#isWorth(db, window, events)));
      if (!wanted) continue;
      const load = events ?? most.own;
      chosen.set(window, { events: load, memory: most.all <= mostEvents ? 0 : load });
    }
    await this.#days.own(db, [...chosen.keys()]);
    return chosen;
  }

  /** @param events those of the whole days, where they have been counted */
  async #isWorth(session: Session, window: Window, events: number | undefined): Promise<boolean> {
    const days = wholeDays(window);
    if (days.start === window.start && days.end === window.end) return true;
    if (listDays(days).some((day) => this.#days.reaches.has(day))) return true;
    return (events ?? (await countEvents(session, days))) <= 2 * (await countEvents(session, window));
  }

  /** Takes a window's place in the run; called in the order of windows, and left by `leave`. */
  enter(): PlaceInRun {
    return { counting: this.#counting.enter(), writing: this.#writing.enter() };
  }

  /** @param failed what was not aggregated, though others may have looked back into it */
  leave({ counting, writing }: PlaceInRun, failed?: Window): void {
    for (const day of failed ? listDays(failed) : []) this.#failed.add(day);
    counting.pass();
    writing.pass();
  }

  /**
   * Fills a window of `dash_engagement`, and gathers the users of its days (`gatherUsers`). Reads the days before them, too, while the
   * database has nothing else to do; where others are still counting, `count` will.
   */
  async gather(
    session: Session,
    window: Window,
    { events }: Load,
    { counting }: PlaceInRun,
    filling: string,
  ): Promise<Gathered> {
    const gathered = await gatherUsers(session, window, this.#minute, events, filling);
    if (counting.hasCome()) await this.#lookBack(session, dayOf(window.start), 0);
    return gathered;
  }

  /**
   * Counts the users of a window's days beside other work, and then writes what was counted, or that nothing was. Of a day of which
   * the log no longer has all stays what was known: a page tells where that is no longer so.
   */
  async count(
    session: Session,
    window: Window,
    gathered: Gathered | undefined,
    place: PlaceInRun,
    beside: () => Promise<void>,
  ): Promise<void> {
    const counting = gathered && this.#count(session, gathered.seen, place);
    const work = beside();
    const [, returns] = await inFull([work, counting]);
    if (this.#may) await this.#write(session, wholeDays(window), returns, place);
  }

  async #count(
    session: Session,
    seen: readonly CellUsers[],
    { counting }: PlaceInRun,
  ): Promise<DayReturns[]> {
    await counting.come;
    const returns: DayReturns[][] = [];
    for (const [number, cells] of groupSeenByDay(seen)) {
      this.#past.forget(number - mostReach);
      const read = await this.#past.read(cells);
      if (!this.#days.matches(number, read.events, true)) continue;
      returns.push(await this.#countDay(session, this.#past.keep(number, read)));
    }
    counting.pass();
    return returns.flat();
  }

  async #countDay(session: Session, day: SeenDay): Promise<DayReturns[]> {
    const { before, reach } = await this.#lookBack(session, day.day, day.cells.length);
    return countReturns(day, before, reach, this.#past.scopes, this.#yielder);
  }

  /**
   * The days before one, as far back as they are known whole: aggregated, not so large that with its own events they are too many, and
   * with the same events in the log as then: who was seen in others is not among the people of their day. A day without events is
   * known.
   */
  async #lookBack(
    session: Session,
    day: number,
    events: number,
  ): Promise<{ before: SeenDay[]; reach: number }> {
    const before: SeenDay[] = [];
    let most = mostSeen - events;
    for (let reach = 1; reach <= mostReach; reach++) {
      const one = await this.#read(session, day - reach, most);
      if (!one || one.cells.length > most) return { before, reach: reach - 1 };
      before.unshift(one);
      most -= one.cells.length;
    }
    return { before, reach: mostReach };
  }

  /** A day, if its users are known, or will be in this run. */
  async #read(session: Session, day: number, most: number): Promise<SeenDay | undefined> {
    const held = this.#past.find(day);
    if (held) return held;
    const visits = this.#days.countVisits(day);
    const isOwn = this.#days.isOwn(day);
    if (this.#days.lost.has(day) || (!isOwn && visits > most)) return undefined;
    const seen =
      isOwn || visits > 0 ? await queryCellUsers(session, dayWindow(day), this.#minute, visits) : [];
    const read = await this.#past.read(seen);
    return this.#days.matches(day, read.events) ? this.#past.keep(day, read) : undefined;
  }

  async #write(
    session: Session,
    days: Window,
    returns: readonly DayReturns[] | undefined,
    { writing }: PlaceInRun,
  ): Promise<void> {
    await writing.come;
    const kept = returns ? merge([...this.#days.lost].map(dayWindow)) : [];
    const own = (returns ?? []).map((one) => ({ ...one, reach: this.#cut(one) }));
    for (const part of subtract(days, kept)) {
      const counted = own.filter(({ day }) => part.start <= day && day < part.end);
      await this.#replace(session, part, counted);
      if (part.end < days.end) await this.#shorten(session, part.end); // what is kept after it
    }
    for (const day of this.#due.keys()) if (intersect(dayWindow(day), days)) this.#due.delete(day);
    const end = dayOf(days.end);
    const after = [...this.#days.reaches]
      .filter(([day, reach]) => day >= end && day - reach <= end && day - end < mostReach)
      .sort(([a], [b]) => a - b);
    const left = this.#isAlone && returns ? await this.#recountAll(session, after, end) : after;
    const [first] = left;
    if (this.#isAlone && first) await this.#shorten(session, days.end, dayWindow(first[0]).start);
    if (returns) for (const [day] of left) this.#due.set(day, day - end);
  }

  /**
   * Counts again those days after a window's that look back into it, up to the first of which no more would be known than before.
   *
   * @param after these days, in order
   * @returns those that are left
   */
  async #recountAll(
    session: Session,
    after: readonly [day: number, reach: number][],
    end: number,
  ): Promise<readonly [day: number, reach: number][]> {
    for (const [place, [day]] of after.entries()) {
      const returns = await this.#recount(session, day, day - end);
      if (returns.length === 0) return after.slice(place);
      await this.#replace(session, dayWindow(day), returns);
    }
    return [];
  }

  /** Counts the users of a day anew, where more days before it are known than were; else gives none. */
  async #recount(session: Session, day: number, held: number): Promise<DayReturns[]> {
    if (this.#isTooMuch(day, held)) return [];
    const place = this.enter();
    try {
      // Nothing is gained where the day before those that are known is not whole.
      if (held >= 0 && !(await this.#read(session, day - held - 1, mostSeen))) return [];
      const seen = await queryCellUsers(session, dayWindow(day), this.#minute);
      const returns = await this.#count(session, seen, place);
      return (returns[0]?.reach ?? held) > held ? returns : [];
    } finally {
      this.leave(place);
    }
  }

  async #replace(session: Session, days: Window, returns: readonly DayReturns[]): Promise<void> {
    if (await replaceUsers(session, days, returns)) this.replaced = true;
  }

  /** Shortens the reach of days so that it does not go back beyond a midnight: of all after it, or from a later one on. */
  async #shorten(session: Session, end: number, from = end): Promise<void> {
    if ((await shortenReach(session, end, from)) > 0) this.replaced = true;
  }

  /** Reaches no further than to days that were not aggregated after all. */
  #cut({ day, reach }: DayReturns): number {
    return Math.min(
      reach,
      ...[...this.#failed].filter((one) => one < dayOf(day)).map((one) => dayOf(day) - one - 1),
    );
  }

  /**
   * Counts the days again that reached back into some which were aggregated anew, or now could, and those that are behind, each in a
   * transaction. What was known of a day stays, where the log no longer has all of it, or not of more days before it.
   *
   * @returns those of which more is known now, counted from 1970
   */
  async finish(db: Database, behind: readonly DayBehind[], transact: Transact): Promise<number[]> {
    const more: number[] = [];
    this.#may = await mayCountUsers(db);
    if (!this.#may) return more;
    if (behind.length > 0) {
      await this.#days.look(
        db,
        behind.map(({ day }) => dayWindow(day)),
        [],
      );
      await this.#days.own(db);
    }
    const due = new Map([...this.#due, ...behind.map(({ day, held }) => [day, held] as const)]);
    for (const [day, held] of [...due].sort(([a], [b]) => a - b)) {
      await transact(async (session) => {
        const returns = await this.#recount(session, day, held);
        if (returns.length === 0) return;
        await this.#replace(session, dayWindow(day), returns);
        more.push(day);
      });
    }
    return more;
  }

  /** Tells whether a day, or it and those that are wanted before it, have more events than are counted unless that is asked for. */
  #isTooMuch(day: number, held: number): boolean {
    const before = Array.from({ length: held + 1 }, (_, back) => this.#days.countVisits(day - back - 1));
    const own = this.#days.countVisits(day);
    return (held < 0 && own > mostEvents) || before.reduce((sum, some) => sum + some, own) > mostSeen;
  }
}

/** Days in order, counted from 1970. */
function groupSeenByDay(seen: readonly CellUsers[]): [number, CellUsers[]][] {
  const days = new Map<number, CellUsers[]>();
  for (const one of seen) {
    const rows = days.get(one.day);
    if (rows) rows.push(one);
    else days.set(one.day, [one]);
  }
  return [...days].sort(([a], [b]) => a - b);
}
