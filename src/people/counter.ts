/**
 * Counts the different people of any stretch without keeping who they are. The idea: of all who are seen in a stretch, count those whom you had not
 * seen since its start. Each has exactly one first minute in it, and whatever was before that lies before the stretch. So it is enough to keep, for each
 * minute, how many had last been seen when. The source: S. Muthukrishnan, "Efficient algorithms for document retrieval problems" (SODA 2002), who lists
 * the different documents of a range by the places whose previous one lies before it.
 */
import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import { queryRestored, queryRules } from '../ledger/ledger.ts';
import { mostReach } from '../ledger/uncounted.ts';
import type { DayBehind } from '../ledger/uncounted.ts';
import type { Minute } from '../log/log.ts';
import {
  clip,
  dayOf,
  dayWindow,
  intersect,
  listDays,
  merge,
  subtract,
  wholeDays,
} from '../ledger/windows.ts';
import { dayMinutes, dayMs, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { Lookback } from './lookback.ts';
import type { SeenDay, ReadDay, CellUsers } from './lookback.ts';
import { Turnstile } from '../async/turnstile.ts';
import { listEventful } from '../log/questions.ts';
import type { Turn } from '../async/turnstile.ts';
import { countReturns } from './count-returns.ts';
import type { DayReturns } from './count-returns.ts';
import { Yielder } from '../async/yield.ts';
import { clearUsers, fillUsers, mayCountUsers, queryCellUsers, shortenReach } from './table.ts';
import { boundEvents, countEvents } from '../log/questions.ts';
import { missing } from '../shared/known.ts';

/** Events of a day whose users are counted unless it is asked for; of all days that are looked through. */
const mostEvents = 4_000_000;
const mostSeen = 16_000_000;

/** A window's place in a run: its users are counted, and written, after those of the windows before it. */
export interface PlaceInRun {
  counting: Turn;
  writing: Turn;
}

/** The most events that the days of a window have, and as many of them as count in memory: none, where all of the log may be there at once. */
export interface Load {
  events: number;
  memory: number;
}

/**
 * The facts that a run knows of a day: how many events `dash_visits` has, in all and by minute, and how far its users reach back, where they
 * are counted.
 */
interface KnownDay {
  visits: number;
  /** `26154720:3,26154721:1`, the minutes counted from 1970. */
  minutes: string;
  reach: number | null;
}

/**
 * Counts the people of a run. Those of a day are told from those of the days before it, so that windows are counted in their order;
 * and where an older day is aggregated anew, those after it are counted again at the end.
 */
export class PeopleCounter {
  readonly #minute: Minute;
  readonly #past = new Lookback();
  readonly #counting = new Turnstile();
  readonly #writing = new Turnstile();
  /** Days to be counted again, which may reach further than they do. */
  readonly #due = new Map<number, number>();
  #known = new Map<number, KnownDay>();
  /** The days that are known: those of all windows so far, and a week around them. */
  #near: Window[] = [];
  #may = false;
  /** The windows that this run counts; of each, the whole days. */
  #windows: Window[] = [];
  /** Days of them, and near them, of which not all is known. */
  readonly #lost = new Set<number>();
  /** Days of which some stays that was aggregated by another rule, or of a log that was replaced since: nobody knows their people. */
  #mixed = new Set<number>();
  /** Days whose people were counted, but not written. */
  readonly #failed = new Set<number>();
  /** The events by minute of this run's days, when they were aggregated. */
  readonly #counted = new Map<number, Uint32Array>();

  constructor(minute: Minute) {
    this.#minute = minute;
  }

  /**
   * Shortens the reach of what was counted after some windows, so that it does not go back into them. Done before they are aggregated anew, because each of their
   * transactions, which go side by side, has a snapshot, and so may not change what one of the others has changed. Killed in between,
   * less is known, but nothing is wrong.
   */
  async shorten(session: Session, windows: readonly Window[]): Promise<void> {
    if (!(await mayCountUsers(session)) || !(await hasTable(session, 'dash_users'))) return;
    for (const window of windows) await shortenReach(session, wholeDays(window).end, mostReach);
  }

  /**
   * Looks at what is there, and chooses the windows whose days are to be counted. When nobody says (`users`), those of up to four million events that have been counted, so
   * that nothing is lost, or of which the window holds at least half, so that an hour of a busy day does not cost the day.
   */
  async choose(
    db: Database,
    windows: readonly Window[],
    users: boolean | undefined,
  ): Promise<Map<Window, Load>> {
    const chosen = new Map<Window, Load>();
    this.#failed.clear();
    this.#may = await mayCountUsers(db);
    if (!this.#may || windows.length === 0) return chosen;
    await this.#lookUp(db, windows);
    this.#mixed = await this.#findMixed(db, merge(windows));
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
    this.#windows = [...chosen.keys()];
    if (chosen.size > 0) await this.#findLost(db, this.#windows);
    return chosen;
  }

  /** Looks up what is known of some windows and of the days near them, and anew of those before. */
  async #lookUp(session: Session, windows: readonly Window[]): Promise<void> {
    this.#known = new Map();
    for (const table of ['dash_visits', 'dash_users']) if (!(await hasTable(session, table))) return;
    const near = windows
      .map(wholeDays)
      .map(({ start, end }) => ({ start: start - mostReach * dayMs, end: end + mostReach * dayMs }));
    this.#near = merge([...this.#near, ...near]);
    for (const { start, end } of this.#near)
      for (const { day, ...known } of await session.query<KnownDay & { day: number }>(sql('people/known'), [
        start,
        end,
      ]))
        this.#known.set(dayOf(day), known);
  }

  async #findMixed(session: Session, own: readonly Window[]): Promise<Set<number>> {
    const left = (stretches: readonly Window[]) =>
      this.#near.flatMap((near) =>
        clip(
          stretches.flatMap((stretch) => subtract(stretch, own)),
          near,
        ),
      );
    const others = (await queryRules(session)).filter(({ minute }) => minute !== this.#minute);
    const replaced = left(await queryRestored(session)).flatMap(({ start, end }) =>
      listDays({ start, end }).filter((day) =>
        this.#minutesOf(day).some(([minute]) => start <= minute * minuteMs && minute * minuteMs < end),
      ),
    );
    return new Set([...left(others).flatMap(listDays), ...replaced]);
  }

  /** The minutes of a day as they are aggregated, each with its number of events. */
  #minutesOf(day: number): (readonly [minute: number, visits: number])[] {
    const text = this.#known.get(day)?.minutes ?? '';
    return text.split(',').flatMap((pair) => {
      const [minute, visits] = pair.split(':').map(Number);
      return minute === undefined || visits === undefined ? [] : [[minute, visits] as const];
    });
  }

  /** A day that is not aggregated is known when the log has nothing of it. */
  async #findLost(db: Database, windows: readonly Window[]): Promise<void> {
    const near = windows
      .map(wholeDays)
      .flatMap(({ start, end }) => [
        ...listDays({ start: start - mostReach * dayMs, end: start }),
        ...listDays({ start: end, end: end + mostReach * dayMs }),
      ]);
    const unknown = [...new Set(near)].filter((day) => !this.#isOwn(day) && !this.#visitsOf(day));
    for (const { start } of await listEventful(db, unknown.map(dayWindow))) this.#lost.add(dayOf(start));
  }

  #visitsOf(day: number): number {
    return this.#known.get(day)?.visits ?? 0;
  }

  #isOwn(day: number): boolean {
    return this.#windows.some((window) => intersect(window, dayWindow(day)));
  }

  /** @param events those of the whole days, where they have been counted */
  async #isWorth(session: Session, window: Window, events: number | undefined): Promise<boolean> {
    const days = wholeDays(window);
    if (days.start === window.start && days.end === window.end) return true;
    for (const [day, { reach }] of this.#known)
      if (reach !== null && intersect(dayWindow(day), days)) return true;
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

  /** Reads the days before some, while the database has nothing else to do; where others are still counting, `count` will. */
  async prepare(session: Session, days: Window, { counting }: PlaceInRun): Promise<void> {
    if (counting.hasCome()) await this.#lookBack(session, dayOf(days.start), 0, new Yielder());
  }

  /** Counts the users of whole days, as they were seen in them; not of a day of which the log no longer has all. */
  async count(session: Session, seen: readonly CellUsers[], { counting }: PlaceInRun): Promise<DayReturns[]> {
    await counting.come;
    const yielder = new Yielder();
    const returns: DayReturns[][] = [];
    for (const [number, cells] of groupSeenByDay(seen)) {
      this.#past.forget(number - mostReach);
      const read = await this.#past.read(cells, yielder);
      this.#counted.delete(number);
      if (!this.#fits(number, read)) continue;
      this.#counted.set(number, read.events);
      returns.push(await this.#countDay(session, this.#past.keep(number, read), yielder));
    }
    counting.pass();
    return returns.flat();
  }

  async #countDay(session: Session, day: SeenDay, yielder: Yielder): Promise<DayReturns[]> {
    const { before, reach } = await this.#lookBack(session, day.day, day.cells.length, yielder);
    return countReturns(day, before, reach, this.#past.scopes, yielder);
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
    yielder: Yielder,
  ): Promise<{ before: SeenDay[]; reach: number }> {
    const before: SeenDay[] = [];
    let most = mostSeen - events;
    for (let reach = 1; reach <= mostReach; reach++) {
      const one = await this.#read(session, day - reach, most, yielder);
      if (!one || one.cells.length > most) return { before, reach: reach - 1 };
      before.unshift(one);
      most -= one.cells.length;
    }
    return { before, reach: mostReach };
  }

  /** A day, if its users are known, or will be in this run. */
  async #read(session: Session, day: number, most: number, yielder: Yielder): Promise<SeenDay | undefined> {
    const held = this.#past.find(day);
    if (held) return held;
    const visits = this.#visitsOf(day);
    const isOwn = this.#isOwn(day);
    if (this.#lost.has(day) || (!isOwn && visits > most)) return undefined;
    const seen = isOwn || visits > 0 ? await this.#see(session, day, visits) : [];
    const read = await this.#past.read(seen, yielder);
    return this.#fits(day, read) ? this.#past.keep(day, read) : undefined;
  }

  /**
   * Tells whether the log has, minute by minute, as many events of a day as are aggregated; of a day of this run, no fewer outside of what is
   * aggregated now, and when it is read again, what it had.
   */
  #fits(day: number, { events }: ReadDay): boolean {
    if (this.#mixed.has(day)) return false;
    const known = this.#minutesOf(day);
    const first = day * dayMinutes;
    const log = (minute: number) => events[minute - first] ?? missing();
    const counted = this.#counted.get(day);
    const fits = counted
      ? counted.every((some, minute) => some === events[minute])
      : this.#isOwn(day)
        ? known.every(([minute, visits]) => this.#isNow(minute) || log(minute) >= visits)
        : known.length === events.reduce((sum, some) => sum + (some > 0 ? 1 : 0), 0) &&
          known.every(([minute, visits]) => log(minute) === visits);
    if (!fits) this.#lost.add(day);
    return fits;
  }

  #isNow(minute: number): boolean {
    return this.#windows.some(({ start, end }) => start <= minute * minuteMs && minute * minuteMs < end);
  }

  #see(session: Session, day: number, events?: number): Promise<CellUsers[]> {
    return queryCellUsers(session, dayWindow(day), this.#minute, events);
  }

  /**
   * Writes what was counted of whole days, or that nothing was; it reaches no further than to days that were not aggregated. Of a day
   * of which the log no longer has all stays what was known: a page tells where that is no longer so.
   */
  async write(
    session: Session,
    days: Window,
    returns: readonly DayReturns[] | undefined,
    { writing }: Pick<PlaceInRun, 'writing'>,
  ): Promise<void> {
    if (!this.#may) return;
    await writing.come;
    const kept = returns ? merge([...this.#lost].map(dayWindow)) : [];
    for (const part of subtract(days, kept)) {
      await clearUsers(session, part);
      if (part.end < days.end) await shortenReach(session, part.end, mostReach); // what is kept after it
    }
    if (returns)
      await fillUsers(
        session,
        returns.map((one) => ({ ...one, reach: this.#cut(one) })),
      );
    for (const day of this.#due.keys()) if (intersect(dayWindow(day), days)) this.#due.delete(day);
    if (!returns) return;
    for (const [day, { reach }] of this.#known)
      if (reach !== null && day - reach === dayOf(days.end) && reach < mostReach) this.#due.set(day, reach);
  }

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
  async finish(
    db: Database,
    behind: readonly DayBehind[],
    transact: (work: (session: Session) => Promise<void>) => Promise<void>,
  ): Promise<number[]> {
    const more: number[] = [];
    this.#may = await mayCountUsers(db);
    if (!this.#may) return more;
    const windows = behind.map(({ day }) => dayWindow(day));
    if (behind.length > 0) {
      await this.#lookUp(db, windows);
      this.#mixed = await this.#findMixed(db, []);
      await this.#findLost(db, windows);
    }
    const due = new Map([...this.#due, ...behind.map(({ day, held }) => [day, held] as const)]);
    for (const [day, held] of [...due].sort(([a], [b]) => a - b)) {
      if (this.#isTooMuch(day, held)) continue;
      const place = this.enter();
      try {
        await transact(async (session) => {
          // Nothing is gained where the day before those that are known is not whole.
          if (held >= 0 && !(await this.#read(session, day - held - 1, mostSeen, new Yielder()))) return;
          const returns = await this.count(session, await this.#see(session, day), place);
          if ((returns[0]?.reach ?? held) <= held) return;
          await clearUsers(session, dayWindow(day));
          await fillUsers(session, returns);
          more.push(day);
        });
      } finally {
        this.leave(place);
      }
    }
    return more;
  }

  /** Tells whether a day, or it and those that are wanted before it, have more events than are counted unless that is asked for. */
  #isTooMuch(day: number, held: number): boolean {
    const before = Array.from({ length: held + 1 }, (_, back) => this.#visitsOf(day - back - 1));
    const own = this.#visitsOf(day);
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
