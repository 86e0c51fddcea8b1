import { known } from '../known.ts';
import { dayMs, minuteMs } from '../units.ts';

/**
 * The changes of a clock in a period that a chart is told of, as `[until, ahead, until, ahead, ahead]`: milliseconds ahead of UTC before
 * the first time, then before the second one, then after it.
 */
export type ClockSteps = [number, number, number, number, number];

/** Finds the clocks of a time zone; those of UTC for one that is not known here, as a browser may be older than the zone's name. */
export function findClock(zone: unknown): Clock {
  try {
    return new Clock(typeof zone === 'string' ? zone : 'UTC');
  } catch {
    return new Clock();
  }
}

/** The clocks by which times are written: those of a time zone (IANA's name), of UTC unless another is named. */
export class Clock {
  #zone = 'UTC';
  #parts: Intl.DateTimeFormat | undefined;
  /** The changes of each period that was asked for: they are looked for day by day. */
  #changes = new Map<string, { until: number; ahead: number }[]>();

  /** @throws RangeError for a name that is no time zone */
  constructor(zone = 'UTC') {
    this.use(zone);
  }

  /** The name of the time zone. */
  get zone(): string {
    return this.#zone;
  }

  /** @throws RangeError for a name that is no time zone */
  use(zone: string): void {
    this.#parts =
      zone === 'UTC'
        ? undefined
        : new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    this.#zone = zone;
    this.#changes.clear();
  }

  /** Milliseconds that the clocks are ahead of UTC. */
  ahead(ms: number): number {
    if (!this.#parts) return 0;
    const { value } = known(this.#parts.formatToParts(ms).find(({ type }) => type === 'timeZoneName'));
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = known(
      /^GMT(?:([+\-−])(\d+)(?::(\d+))?(?::(\d+))?)?$/.exec(value),
    );
    const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === '+' || sign === undefined ? size : -size;
  }

  /** Moves a moment to that at which the clocks of UTC show what these do. */
  shift(ms: number): number {
    return ms + this.ahead(ms);
  }

  /** The moment at which the clocks show what those of UTC do at `shown`. NaN stays NaN. */
  unshift(shown: number): number {
    if (Number.isNaN(shown)) return shown;
    const near = shown - this.ahead(shown);
    return shown - this.ahead(near);
  }

  /** The moments of [start, end) up to which the clocks are ahead by so much, the last up to the end. */
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

  /** Tells a chart the changes of a period; of more than two, where only days are written, those of UTC. */
  steps(start: number, end: number): ClockSteps {
    const [first, second, third, ...more] = this.#list(start, end);
    if (!first || more.length > 0) return [0, 0, 0, 0, 0];
    const [one, two] = [second ?? first, third ?? second ?? first];
    return [first.until, first.ahead, one.until, one.ahead, two.ahead];
  }

  /** The clocks of a period in few letters: `UTC+3`, or the name of a time zone whose clocks are changed in it. */
  name(start: number, end: number): string {
    const all = [...new Set(this.#list(start, end).map(({ ahead }) => ahead))];
    if (all.length > 1) return this.#zone;
    const minutes = Math.round(known(all[0]) / minuteMs);
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    const clock = rest === 0 ? String(hours) : `${hours}:${String(rest).padStart(2, '0')}`;
    return minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${clock}`;
  }
}
