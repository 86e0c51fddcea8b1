import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import type { Minute } from '../log/log.ts';
import { listEventful } from '../log/questions.ts';
import { missing } from '../shared/known.ts';
import { dayMinutes, dayMs, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { queryRestored, queryRules } from './ledger.ts';
import { mostReach } from './uncounted.ts';
import { clip, dayOf, dayWindow, intersect, listDays, merge, subtract, wholeDays } from './windows.ts';

/** See `sql/ledger/known.sql`. */
interface KnownDay {
  day: number;
  minutes: string;
  reach: number | null;
}

/** Events by minute of a day without any. */
const noEvents = new Uint32Array(dayMinutes);

/**
 * The days of a run's windows, and a week around each: what was aggregated of them, and whether the log still has just that. Days are
 * counted from 1970.
 */
export class KnownDays {
  readonly #minute: Minute;
  /** Days whose people are counted, and how far each reaches back. */
  readonly reaches = new Map<number, number>();
  /** Days of which the log has other events than were aggregated. */
  readonly lost = new Set<number>();
  readonly #visits = new Map<number, Uint32Array>();
  /** The events of the days of this run, when they were counted. */
  readonly #counted = new Map<number, Uint32Array>();
  #near: Window[] = [];
  #own: readonly Window[] = [];
  /** Stretches that stay as another rule, or a log that was replaced since, made them: nobody knows their people. */
  #foreign: Window[] = [];
  #replaced: Window[] = [];

  constructor(minute: Minute) {
    this.#minute = minute;
  }

  /** Looks up what is known of some windows and of the days near them, and anew of those before; `own` will be aggregated anew. */
  async look(session: Session, windows: readonly Window[], own: readonly Window[]): Promise<void> {
    const near = windows.map(wholeDays).map(({ start, end }) => ({
      start: start - mostReach * dayMs,
      end: end + mostReach * dayMs,
    }));
    this.#near = merge([...this.#near, ...near]);
    this.reaches.clear();
    this.#visits.clear();
    if (!(await hasTable(session, 'dash_visits')) || !(await hasTable(session, 'dash_users'))) return;
    for (const { start, end } of this.#near)
      for (const known of await session.query<KnownDay>(sql('ledger/known'), [start, end])) {
        const day = dayOf(known.day);
        this.#visits.set(day, readDay(known.minutes));
        if (known.reach !== null) this.reaches.set(day, known.reach);
      }
    const left = (stretches: readonly Window[]) => stretches.flatMap((stretch) => subtract(stretch, own));
    const others = (await queryRules(session)).filter(({ minute }) => minute !== this.#minute);
    [this.#foreign, this.#replaced] = [left(others), left(await queryRestored(session))];
  }

  /** Takes the windows that this run counts as its own; of the other days that are not aggregated, those are lost that the log knows. */
  async own(db: Database, windows: readonly Window[] = this.#own): Promise<void> {
    this.#own = windows;
    const unknown = this.#near
      .flatMap(listDays)
      .filter((day) => !this.isOwn(day) && this.countVisits(day) === 0);
    for (const { start } of await listEventful(db, unknown.map(dayWindow))) this.lost.add(dayOf(start));
  }

  isOwn(day: number): boolean {
    return this.#own.some((window) => intersect(window, dayWindow(day)));
  }

  /** The events of a day that are aggregated. */
  countVisits(day: number): number {
    return (this.#visits.get(day) ?? noEvents).reduce((sum, some) => sum + some, 0);
  }

  /**
   * Tells whether the log has, minute by minute, as many events of a day as are aggregated; of a day of this run, no fewer outside of
   * what is aggregated now, and when it is read again, what it had.
   *
   * @param isNew it is counted now
   */
  matches(day: number, events: Uint32Array, isNew = false): boolean {
    const visits = this.#visits.get(day) ?? noEvents;
    if (this.#isMixed(day, visits)) return false;
    const counted = isNew ? undefined : this.#counted.get(day);
    const isChanging = this.isOwn(day);
    const isMatch = events.every((some, minute) => {
      if (counted) return some === counted[minute];
      const had = visits[minute] ?? missing();
      return some === had || (isChanging && (some > had || this.#isNow(day * dayMs + minute * minuteMs)));
    });
    if (!isMatch) this.lost.add(day);
    else if (isNew) this.#counted.set(day, events);
    return isMatch;
  }

  #isMixed(day: number, visits: Uint32Array): boolean {
    const isReplaced = (minute: number) => holds(this.#replaced, day * dayMs + minute * minuteMs);
    return (
      clip(this.#foreign, dayWindow(day)).length > 0 ||
      (this.#replaced.length > 0 && visits.some((some, minute) => some > 0 && isReplaced(minute)))
    );
  }

  #isNow(time: number): boolean {
    return holds(this.#own, time);
  }
}

function holds(windows: readonly Window[], time: number): boolean {
  return windows.some(({ start, end }) => start <= time && time < end);
}

/** Events by minute of a day, from `720:3,721:1`. */
function readDay(text: string): Uint32Array {
  const events = new Uint32Array(dayMinutes);
  for (const [, minute, visits] of text.matchAll(/(\d+):(\d+)/g)) events[Number(minute)] = Number(visits);
  return events;
}
