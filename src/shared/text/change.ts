import type { Gap } from '../data/payload.ts';
import { isolate, joinNames } from './names.ts';
import { hourMs, minuteMs } from '../units.ts';
import type { Writer } from './format.ts';

/** Two days beside each other, in the minutes that both have; `left` is out, in milliseconds since midnight. */
export interface Compared {
  now: number;
  then: number;
  left: Gap[];
}

/** A UTC day (its start, Unix milliseconds) beside the one before and the same one a week before; null where these do not compare. */
export interface Change {
  day: number;
  /** All events of the day. */
  events: number;
  dayBefore: Compared | null;
  weekBefore: Compared | null;
  /** The card topics that moved most, and by how many events: against the day before, or where that is not known the week. */
  topics: { name: string; by: number }[];
}

/** Tells what changed in two sentences, and in a third why something was left out. */
export function describeChange(
  { day, events, dayBefore, weekBefore, topics }: Change,
  write: Writer,
): string {
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
  const moved = topics.map(({ name, by }) => `${isolate(name)} ${write.signed(by)}`).join(', ');
  const isWhole = [dayBefore, weekBefore].every((pair) => pair === null || pair.left.length === 0);
  return [
    said,
    ...(moved === '' ? [] : [t('What moved most: {topics}.', { topics: moved })]),
    ...(isWhole ? [] : [t('Days are compared in the minutes that both have.')]),
  ].join(' ');
}

function compareDays(pair: Compared | null, when: string, write: Writer): string {
  if (pair === null) return '';
  const said = compareCounts(pair, when, write);
  if (pair.left.length === 0) return said;
  const times = pair.left.map(({ start, end }) => `${timeOfDay(start)}–${timeOfDay(end)}`);
  return `${said} ${write.t('(without {times})', { times: joinNames(times, write) })}`;
}

function compareCounts({ now, then }: Compared, when: string, { t, percent }: Writer): string {
  if (now === then) return t('as many as {when}', { when });
  if (then === 0) return t('none {when}', { when });
  const share = percent(Math.abs(now - then) / then);
  return now > then
    ? t('{share} more than {when}', { share, when })
    : t('{share} less than {when}', { share, when });
}

/** A time of day; the end of one is 24:00. */
function timeOfDay(ms: number): string {
  return [ms / hourMs, (ms / minuteMs) % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');
}
