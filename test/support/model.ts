import type { Changed } from '../../src/ledger/changed.ts';
import type { Minute } from '../../src/log/log.ts';
import type { Window } from '../../src/time.ts';
import { countEngagement, countVisits, minuteOf } from './oracle.ts';
import type { Sample } from './oracle.ts';
import { Timeline, where } from './timeline.ts';

const minuteMs = 60_000;
export const dayMs = 86_400_000;
export const dayOf = (time: number) => time - (time % dayMs);

/** The events of a minute, as they were when it was aggregated, and the rule by which they came to it. */
interface Shown {
  rule: Minute;
  events: Sample[];
}

/** One of the two aggregates: what it shows of each minute; null when the table is not there. */
type Aggregate = Map<number, Shown> | null;

/** A question to a run. */
export interface Asked {
  start?: number | undefined;
  end?: number | undefined;
  lookback?: number | undefined;
  minute: Minute;
}

export interface PruneAsked {
  raw?: number | undefined;
  aggregates?: number | undefined;
}

/**
 * A model of what zen must have done, said in other words than zen's: a list of events, what each minute of the aggregates shows, and of every
 * moment what the ledger says. Times are Unix milliseconds.
 */
export class Model {
  log: Sample[] = [];
  visits: Aggregate = null;
  engagement: Aggregate = null;
  aggregated = new Timeline<Minute>();
  restored = new Timeline<'restored'>();
  pruned = new Timeline<Minute>();
  /** By which rule the rows of the tables came to their minutes, though a backup may have replaced the log since. */
  rules = new Timeline<Minute>();
  /** Days whose people must be those that are shown (true), or must not be there (false); of others nothing is certain. */
  people = new Map<number, boolean>();
  /** Rows that the ledger must have got, which no test has looked for yet. */
  told: { outcome: string; window: Window; events: number | null }[] = [];

  copy(): Model {
    const { log, visits, engagement, aggregated, restored, pruned, rules, people, told } = this;
    return Object.assign(new Model(), {
      ...{ log, told: [...told], people: new Map(people) },
      ...{ visits: visits && new Map(visits), engagement: engagement && new Map(engagement) },
      ...{ aggregated: aggregated.copy(), restored: restored.copy(), pruned: pruned.copy() },
      rules: rules.copy(),
    });
  }

  /** The log's events by their minute, in a window. */
  byMinute({ start, end }: Window, rule: Minute): Map<number, Sample[]> {
    const found = new Map<number, Sample[]>();
    for (const event of this.log) {
      const minute = minuteOf(event.ts, rule);
      if (minute === null || minute < start || minute >= end) continue;
      found.set(minute, [...(found.get(minute) ?? []), event]);
    }
    return found;
  }

  /** The windows that a run has to work on; undefined when it must refuse. */
  plan({ start, end, lookback = 0, minute }: Asked, now: number): Window[] | undefined {
    const to = end ?? dayOf(now);
    if (start !== undefined) {
      if (start >= to) return end === undefined ? [] : undefined;
      return this.#isLost({ start, end: to }) ? undefined : [{ start, end: to }];
    }
    const covered = this.aggregated.stretches();
    const known = [...covered, ...this.restored.stretches()].map((stretch) => stretch.start);
    const times = this.log.flatMap(({ ts }) => ts ?? []);
    const first = minuteOf(times.length > 0 ? Math.min(...times) : null, minute);
    const from = known.length > 0 ? Math.min(...known) : first;
    if (from === null) return [];
    const till = Math.min(covered.at(-1)?.end ?? to, to);
    const edges = [...this.aggregated.edges, ...this.pruned.edges, from, to, till - lookback, till];
    return where(edges, (time) => {
      if (time < from || time >= to || this.pruned.at(time)) return false;
      return !this.aggregated.at(time) || (time >= till - lookback && time < till);
    });
  }

  /** Tells whether a window has events in the tables that were pruned from the log. */
  #isLost(window: Window): boolean {
    return this.pruned
      .stretches()
      .flatMap(({ value, ...stretch }) =>
        where(
          [window.start, window.end, stretch.start, stretch.end],
          (time) => time >= stretch.start && time < stretch.end && time >= window.start && time < window.end,
        ).map((part) => ({ part, value })),
      )
      .some(({ part, value }) => this.#compare(part, value).some(({ events, visits }) => events < visits));
  }

  /** The minutes of some windows that have rows, and would have none: those that must stay, and those that may. */
  empties(windows: readonly Window[], rule: Minute): { must: number[]; may: number[] } {
    const log = this.byMinute({ start: -Infinity, end: Infinity }, rule);
    const bare = [...(this.visits?.keys() ?? [])].filter(
      (at) => !log.has(at) && windows.some(({ start, end }) => start <= at && at < end),
    );
    // After a restore, or by the other rule, which has counted an event in the minute beside it.
    const isFree = (at: number) =>
      this.restored.at(at) !== undefined ||
      (this.aggregated.at(at) !== rule && (log.has(at - minuteMs) || log.has(at + minuteMs)));
    return { must: bare.filter((at) => !isFree(at)), may: bare.filter((at) => isFree(at)) };
  }

  /** Fills a window anew. */
  aggregate(window: Window, rule: Minute): void {
    this.makeTables();
    const found = this.byMinute(window, rule);
    for (const table of [this.visits, this.engagement]) {
      this.#clear(table, window);
      for (const [minute, events] of found) table?.set(minute, { rule, events });
    }
    this.aggregated.paint(window, rule);
    this.rules.paint(window, rule);
    this.restored.paint(window, undefined);
    this.pruned.paint(window, undefined);
  }

  /** Zen makes the tables that are not there. */
  makeTables(): void {
    this.visits ??= new Map();
    this.engagement ??= new Map();
  }

  #clear(table: Aggregate, { start, end }: Window): number {
    const gone = [...(table?.keys() ?? [])].filter((minute) => minute >= start && minute < end);
    const rows = gone.flatMap((minute) => this.#rows(table, minute)).length;
    for (const minute of gone) table?.delete(minute);
    return rows;
  }

  #rows(table: Aggregate, minute: number): string[] {
    const { rule = 'floor', events = [] } = table?.get(minute) ?? {};
    const count = table === this.visits ? countVisits : countEngagement;
    return count(events, rule, minute, minute + minuteMs);
  }

  /** The rows that both tables must have in a window, as the oracle writes them. */
  rows(window: Window = { start: -Infinity, end: Infinity }): { visits: string[]; engagement: string[] } {
    const of = (table: Aggregate) =>
      [...(table?.keys() ?? [])]
        .filter((minute) => minute >= window.start && minute < window.end)
        .flatMap((minute) => this.#rows(table, minute))
        .sort();
    return { visits: of(this.visits), engagement: of(this.engagement) };
  }

  /** A backup replaces the log; the ledger, if there is one, says so, but of nothing that is yet to come. */
  replace(log: Sample[], now: number | undefined): void {
    this.log = log;
    const times = log.flatMap(({ ts }) => ts ?? []);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    if (times.length === 0 || now === undefined) return;
    const window = {
      start: first - (first % minuteMs),
      end: Math.min(last - (last % minuteMs) + 2 * minuteMs, Math.floor(now / minuteMs) * minuteMs),
    };
    this.aggregated.paint(window, undefined);
    this.restored.paint(window, 'restored');
    this.told.push({ outcome: 'restored', window, events: log.length });
  }

  /** Takes old days out, and tells what must have been told. */
  prune({ raw, aggregates }: PruneAsked, now: number) {
    const told = { events: 0, kept: [] as Window[], visits_rows: 0, engagement_rows: 0 };
    if (raw !== undefined) this.#pruneLog(dayOf(now - raw), told);
    if (aggregates === undefined) return told;
    const until = dayOf(now - aggregates);
    const first = this.aggregated.stretches()[0]?.start ?? Infinity;
    if (first >= until) return told;
    const window = { start: first, end: until };
    told.visits_rows = this.#clear(this.visits, window);
    told.engagement_rows = this.#clear(this.engagement, window);
    for (let day = dayOf(first); day < until; day += dayMs) this.people.set(day, false);
    this.aggregated.paint(window, undefined);
    this.rules.paint(window, undefined);
    this.told.push({ outcome: 'dropped', window, events: null });
    return told;
  }

  #pruneLog(until: number, told: { events: number; kept: Window[] }): void {
    for (const { value: rule, ...stretch } of this.aggregated.stretches()) {
      const edges = [...this.pruned.edges, stretch.start, stretch.end, until];
      const isOpen = (time: number) =>
        time >= stretch.start && time < Math.min(stretch.end, until) && !this.pruned.at(time);
      for (const window of where(edges, isOpen)) {
        const changed = new Set(this.#compare(window, rule).map(({ start }) => dayOf(start)));
        const bounds = [...changed].flatMap((day) => [day, day + dayMs]);
        told.kept.push(...where(bounds, (time) => changed.has(dayOf(time))));
        const parts = where([window.start, window.end, ...bounds], (time) => {
          return time >= window.start && time < window.end && !changed.has(dayOf(time));
        });
        for (const part of parts) {
          const gone = new Set([...this.byMinute(part, rule).values()].flat());
          if (gone.size === 0) continue;
          this.log = this.log.filter((event) => !gone.has(event));
          this.pruned.paint(part, rule);
          told.events += gone.size;
          this.told.push({ outcome: 'pruned', window: part, events: gone.size });
        }
      }
    }
  }

  /** The minutes of a window of which the log and `dash_visits` have different numbers of events. */
  #compare(window: Window, rule: Minute): Changed[] {
    const log = this.byMinute(window, rule);
    const inside = [...(this.visits?.keys() ?? [])].filter((at) => at >= window.start && at < window.end);
    return [...new Set([...log.keys(), ...inside])]
      .sort((a, b) => a - b)
      .map((start) => ({
        start,
        end: start + minuteMs,
        events: log.get(start)?.length ?? 0,
        visits: this.visits?.get(start)?.events.length ?? 0,
      }))
      .filter(({ events, visits }) => events !== visits);
  }

  /** Lists what has changed in the log since it was aggregated, in a window; minutes that follow on one another are one stretch. */
  changed(period: Window = { start: -Infinity, end: Infinity }): Changed[] {
    if (!this.visits) return [];
    const minutes = this.aggregated
      .stretches()
      .flatMap(({ value, start, end }) =>
        this.#compare({ start: Math.max(start, period.start), end: Math.min(end, period.end) }, value),
      )
      .filter(({ start, events, visits }) => events > visits || !this.pruned.at(start));
    return joinMinutes(minutes);
  }

  /** Events of pruned days that no table has: not where a restored log has all of the minute again. */
  late(): Changed[] {
    if (!this.visits) return [];
    const minutes = this.pruned.stretches().flatMap(({ value, ...stretch }) =>
      [...this.byMinute(stretch, value)]
        .sort(([a], [b]) => a - b)
        .map(([start, events]) => ({
          ...{ start, end: start + minuteMs, events: events.length },
          visits: this.visits?.get(start)?.events.length ?? 0,
        }))
        .filter(({ start, events, visits }) =>
          this.restored.at(start) ? events < visits : events <= visits,
        ),
    );
    return joinMinutes(minutes);
  }

  /** Where a period is not aggregated; none where all of it is not. */
  gaps({ start, end }: Window): Window[] {
    const isIn = (time: number) => time >= start && time < end;
    const edges = [...this.aggregated.edges, start, end];
    const gaps = where(edges, (time) => isIn(time) && !this.aggregated.at(time));
    const covered = where(edges, (time) => isIn(time) && this.aggregated.at(time) !== undefined);
    return covered.length > 0 ? gaps : [];
  }

  /** From the first aggregated minute to the end of the last. */
  span(): Window | null {
    const minutes = [...(this.visits?.keys() ?? []), ...(this.engagement?.keys() ?? [])];
    return minutes.length === 0
      ? null
      : { start: Math.min(...minutes), end: Math.max(...minutes) + minuteMs };
  }

  /** Tells whether both tables have the same minutes of a period; a page is made of no others. */
  isWhole(period: Window): boolean {
    const [visits = '', engagement = ''] = [this.visits, this.engagement].map((table) =>
      [...(table?.keys() ?? [])]
        .filter((minute) => minute >= period.start && minute < period.end)
        .sort((a, b) => a - b)
        .join(),
    );
    return visits === engagement;
  }

  /** Of the days that a run has touched, whether their people are known. */
  countPeople(windows: readonly Window[], rule: Minute, users: boolean | undefined): void {
    for (const window of windows) {
      for (let day = dayOf(window.start); day < window.end; day += dayMs) {
        if (users === false) this.people.set(day, false);
        else if (users === true && this.#isShown(day, rule)) this.people.set(day, true);
        else this.people.delete(day);
      }
    }
  }

  /** Tells whether people of a day must be shown; undefined when nothing is certain. Never where two rules meet. */
  isCounted(day: number): boolean | undefined {
    const rules = this.rules.stretches().filter(({ start, end }) => start < day + dayMs && end > day);
    return new Set(rules.map(({ value }) => value)).size > 1 ? false : this.people.get(day);
  }

  /** Tells whether just the log's events of a day are shown, by one rule, and none that is not aggregated since a backup replaced the log. */
  #isShown(day: number, rule: Minute): boolean {
    const log = this.byMinute({ start: day, end: day + dayMs }, rule);
    return [this.visits, this.engagement].every((table) => {
      const own = [...(table?.entries() ?? [])].filter(([minute]) => dayOf(minute) === day);
      return (
        own.length === log.size &&
        own.every(([minute, { events, ...shown }]) => {
          const now = log.get(minute) ?? [];
          return (
            shown.rule === rule &&
            !this.restored.at(minute) &&
            now.length === events.length &&
            events.every((event) => now.includes(event))
          );
        })
      );
    });
  }
}

/** Those that follow on one another are one stretch. */
function joinMinutes(minutes: readonly Changed[]): Changed[] {
  return minutes.reduce<Changed[]>((found, one) => {
    const last = found.at(-1);
    if (last?.end !== one.start) return [...found, one];
    const { start } = last;
    const [events, visits] = [last.events + one.events, last.visits + one.visits];
    return [...found.slice(0, -1), { start, end: one.end, events, visits }];
  }, []);
}
