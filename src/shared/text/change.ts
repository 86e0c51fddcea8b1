import type { Window } from '../windows.ts';
import { isolate, joinNames } from './names.ts';
import { hourMs, minuteMs } from '../units.ts';
import type { Writer } from './format.ts';

/** Two days compared in the minutes that both have; `left` is left out, in milliseconds since midnight. */
export interface Compared {
  now: number;
  then: number;
  left: Window[];
}

/**
 * A UTC day (its start, Unix milliseconds) beside the day before and the same day a week before; null when they cannot
 * be compared.
 */
export interface Change {
  day: number;
  /** All events of the day. */
  events: number;
  dayBefore: Compared | null;
  weekBefore: Compared | null;
  /**
   * The card topics that moved most, and by how many events: against the day before or, if that is unknown, the week
   * before.
   */
  topics: { name: string; by: number }[];
}

/** The change in sentences, with the topics that moved between the beginning and the rest. */
export interface ChangeText {
  said: string;
  moved: { before: string; topics: { name: string; by: string }[]; after: string } | null;
  /** The reason why something was left out; empty when nothing was. */
  note: string;
}

/** Describes the change in two sentences, and in a third why something was left out. */
export function describeChange(
  { day, events, dayBefore, weekBefore, topics }: Change,
  write: Writer,
): ChangeText {
  const { t } = write;
  const compared = [
    compareDays(dayBefore, t('the day before'), write),
    compareDays(weekBefore, t('a week before'), write),
  ].filter((text) => text !== '');
  const said = t('On {day} there were {events event|events}: {compared}.', {
    day: write.day(day),
    events,
    compared: compared.join(', '),
  });
  const [before = '', after = ''] = t('What moved most: {topics}.', { topics: between }).split(between);
  const isWhole = [dayBefore, weekBefore].every((pair) => pair === null || pair.left.length === 0);
  return {
    said,
    moved:
      topics.length === 0
        ? null
        : { before, topics: topics.map(({ name, by }) => ({ name, by: write.signed(by) })), after },
    note: isWhole ? '' : t('Days are compared in the minutes that both have.'),
  };
}

/** A text that is not translated. */
const between = '\u0000';

/** Returns it as one text. */
export function joinChange({ said, moved, note }: ChangeText): string {
  const topics = moved?.topics.map(({ name, by }) => `${isolate(name)} ${by}`).join(', ') ?? '';
  return [said, moved ? `${moved.before}${topics}${moved.after}` : '', note].filter(Boolean).join(' ');
}

function compareDays(pair: Compared | null, when: string, write: Writer): string {
  if (pair === null) return '';
  const said = compareCounts(pair, when, write);
  if (pair.left.length === 0) return said;
  return `${said} ${describeLeft(pair.left, 0, write)}`;
}

/**
 * Names the stretches left out, by the time of day when they lie in the day that starts at `day`; empty when there are
 * none.
 */
export function describeLeft(left: readonly Window[], day: number | null, write: Writer): string {
  if (left.length === 0) return '';
  const times = left.map(({ start, end }) =>
    day === null ? write.range(start, end) : `${timeOfDay(start - day)}–${timeOfDay(end - day)}`,
  );
  return write.t('(without {times})', { times: joinNames(times, write) });
}

function compareCounts({ now, then }: Compared, when: string, { t, percent }: Writer): string {
  if (now === then) return t('as many as {when}', { when });
  if (then === 0) return t('none {when}', { when });
  const share = percent(Math.abs(now - then) / then);
  return now > then
    ? t('{share} more than {when}', { share, when })
    : t('{share} less than {when}', { share, when });
}

/** Writes a time of day; the end of a day is 24:00. */
function timeOfDay(ms: number): string {
  return [ms / hourMs, (ms / minuteMs) % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');
}
