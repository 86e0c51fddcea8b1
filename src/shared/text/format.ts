import type { Locale } from '../settings.ts';
import { translator } from './messages.ts';
import type { Translate } from './messages.ts';

/** Writes numbers and times. Times are UTC; a share is of 1. */
export interface Writer {
  t: Translate;
  number: (value: number) => string;
  /** A difference: its sign is always written, the minus as such and not as a hyphen. */
  signed: (value: number) => string;
  percent: (share: number | null) => string;
  /** A minute; with its day unless that is known. */
  time: (ms: number, withDay: boolean) => string;
  day: (ms: number) => string;
  /** A stretch of time, with its days. */
  range: (start: number, end: number) => string;
}

export function writer(locale: Locale): Writer {
  const { language } = locale;
  const number = new Intl.NumberFormat(language);
  const signed = new Intl.NumberFormat(language, { signDisplay: 'always' });
  const date = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long', timeZone: 'UTC' });
  const percent = new Intl.NumberFormat(language, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' } as const;
  const time = new Intl.DateTimeFormat(language, clock);
  const day = new Intl.DateTimeFormat(language, { ...clock, day: 'numeric', month: 'short' });
  const range = new Intl.DateTimeFormat(language, {
    ...clock,
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
  return {
    t: translator(locale),
    range: (start, end) => range.formatRange(start, end),
    number: (value) => number.format(value),
    signed: (value) => signed.format(value).replace('-', '−'),
    day: (ms) => date.format(ms),
    percent: (share) => (share === null ? '–' : percent.format(share)),
    time: (ms, withDay) => (withDay ? day : time).format(ms),
  };
}
