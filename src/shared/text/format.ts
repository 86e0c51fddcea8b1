import type { Locale } from '../settings.ts';
import { dayMs } from '../units.ts';
import { Clock } from './clock.ts';
import { translator } from './messages.ts';
import type { Translate } from './messages.ts';

/** Writes numbers and times, by the clock of a time zone. Shares are fractions of 1. */
export interface Writer {
  t: Translate;
  /** The clock by which minutes are written. */
  clock: Clock;
  number: (value: number) => string;
  /** Writes a difference, always with its sign; minus is not a hyphen. */
  signed: (value: number) => string;
  percent: (share: number | null) => string;
  /** Lists names, the last after an “and”. */
  list: (names: readonly string[]) => string;
  /** The decimal point. */
  decimal: string;
  /** Writes a change as a share of the earlier value: `+6.5%`. */
  growth: (share: number) => string;
  /** Writes a minute, with its day unless that is known. */
  time: (ms: number, withDay: boolean) => string;
  /** A UTC day. */
  day: (ms: number) => string;
  /** Writes a day with its weekday. */
  weekday: (ms: number) => string;
  /** Writes a stretch of time, with its days. */
  range: (start: number, end: number) => string;
}

/**
 * @param clock by default, that of the locale's time zone
 * @param clock the clocks of the locale's time zone, unless it is others
 */
export function writer(locale: Locale, clock = new Clock(locale.timeZone)): Writer {
  const { language } = locale;
  const number = new Intl.NumberFormat(language);
  const signed = new Intl.NumberFormat(language, { signDisplay: 'exceptZero', maximumFractionDigits: 1 });
  const date = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long', timeZone: 'UTC' });
  const weekday = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  const percent = new Intl.NumberFormat(language, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const growth = new Intl.NumberFormat(language, {
    style: 'percent',
    signDisplay: 'exceptZero',
    maximumFractionDigits: 1,
    minimumFractionDigits: 1,
  });
  const list = new Intl.ListFormat(language);
  const minute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' } as const;
  const time = new Intl.DateTimeFormat(language, minute);
  const day = new Intl.DateTimeFormat(language, { ...minute, day: 'numeric', month: 'short' });
  const range = new Intl.DateTimeFormat(language, {
    ...minute,
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
  const days = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return {
    t: translator(locale),
    decimal: String(locale.number.decimal),
    clock,
    range: (...span) => {
      const [start, end] = [clock.shift(span[0]), clock.shift(span[1])];
      return start % dayMs === 0 && end % dayMs === 0
        ? days.formatRange(start, end - 1)
        : range.formatRange(start, end);
    },
    number: (value) => number.format(value),
    list: (names) => list.format(names),
    signed: (value) => signed.format(value).replace('-', '−'),
    day: (ms) => date.format(ms),
    weekday: (ms) => weekday.format(clock.shift(ms)),
    growth: (share) => growth.format(share).replace('-', '−'),
    percent: (share) => (share === null ? '–' : percent.format(share)),
    time: (ms, withDay) => (withDay ? day : time).format(clock.shift(ms)),
  };
}
