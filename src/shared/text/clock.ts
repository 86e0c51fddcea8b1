import { known } from '../known.ts';
import { dayMs, minuteMs } from '../units.ts';

/**
 * The clock changes of a period, for a chart, as `[until, ahead, until, ahead, ahead]`: milliseconds ahead of UTC
 * before the first time, before the second, and after it.
 */
export type ClockSteps = [number, number, number, number, number];

/** Returns the clock of a time zone, or of UTC when the zone is unknown here: a browser may be older than its name. */
export function findClock(zone: unknown): Clock {
  try {
    return new Clock(typeof zone === 'string' ? zone : 'UTC');
  } catch {
    return new Clock();
  }
}

/** The clock for writing times: that of a time zone (IANA name), by default UTC. */
export class Clock {
  #zone = 'UTC';
  #parts: Intl.DateTimeFormat | undefined;
  /** The changes of each requested period, cached because they are searched day by day. */
  #changes = new Map<string, { until: number; ahead: number }[]>();

  /** @throws RangeError for an unknown time zone */
  constructor(zone = 'UTC') {
    this.use(zone);
  }

  /** The name of the time zone. */
  get zone(): string {
    return this.#zone;
  }

  /** @throws RangeError for an unknown time zone */
  use(zone: string): void {
    this.#parts =
      zone === 'UTC'
        ? undefined
        : new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    this.#zone = zone;
    this.#changes.clear();
  }

  /** Returns the milliseconds by which the clock is ahead of UTC. */
  ahead(ms: number): number {
    if (!this.#parts) return 0;
    const { value } = known(this.#parts.formatToParts(ms).find(({ type }) => type === 'timeZoneName'));
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = known(
      /^GMT(?:([+\-−])(\d+)(?::(\d+))?(?::(\d+))?)?$/.exec(value),
    );
    const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === '+' || sign === undefined ? size : -size;
  }

  /** Shifts a moment to the one at which a UTC clock shows the same time. */
  shift(ms: number): number {
    return ms + this.ahead(ms);
  }

  /** Returns the moment at which the clock shows what a UTC clock shows at `shown`. NaN stays NaN. */
  unshift(shown: number): number {
    if (Number.isNaN(shown)) return shown;
    const near = shown - this.ahead(shown);
    return shown - this.ahead(near);
  }

  /** Lists the moments of [start, end) until which the clock is ahead by so much, the last at the end. */
  #list(start: number, end: number): { until: number; ahead: number }[] {
    const key = `${start} ${end}`;
    const changes = this.#changes.get(key) ?? this.#find(start, end);
    this.#changes.set(key, changes);
    return changes;
  }

  #find(start: number, end: number): { until: number; ahead: number }[] {
    const found: { until: number; ahead: number }[] = [];
    let ahead = this.ahead(start);
    for (let day = start; this.#parts && day < end; day += dayMs) {
      const next = this.ahead(Math.min(day + dayMs, end - minuteMs));
      if (next === ahead) continue;
      let [low, high] = [day, day + dayMs];
      while (high - low > minuteMs) {
        const middle = low + Math.round((high - low) / 2 / minuteMs) * minuteMs;
        if (this.ahead(middle) === ahead) low = middle;
        else high = middle;
      }
      found.push({ until: high, ahead });
      ahead = next;
    }
    return [...found, { until: end, ahead }];
  }

  /** Returns the changes of a period for a chart; with more than two, when only days are written, those of UTC. */
  steps(start: number, end: number): ClockSteps {
    const [first, second, third, ...more] = this.#list(start, end);
    if (!first || more.length > 0) return [0, 0, 0, 0, 0];
    const [one, two] = [second ?? first, third ?? second ?? first];
    return [first.until, first.ahead, one.until, one.ahead, two.ahead];
  }

  /** Names the clock of a period briefly: `UTC+3`, or the name of a time zone whose clock changes within it. */
  name(start: number, end: number): string {
    const all = [...new Set(this.#list(start, end).map(({ ahead }) => ahead))];
    if (all.length > 1) return this.#zone;
    const minutes = Math.round(known(all[0]) / minuteMs);
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    const clock = rest === 0 ? String(hours) : `${hours}:${String(rest).padStart(2, '0')}`;
    return minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${clock}`;
  }
}
