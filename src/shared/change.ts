import type { Writer } from './words.ts';

/** A UTC day (its start, Unix milliseconds) beside the one before and the same one a week before; null where that is not known. */
export interface Change {
  day: number;
  events: number;
  dayBefore: number | null;
  weekBefore: number | null;
  /** The card topics that moved most, and by how many events: against the day before, or where that is not known the week. */
  topics: { name: string; by: number }[];
}

/** What changed, in two sentences. */
export function describeChange(
  { day, events, dayBefore, weekBefore, topics }: Change,
  write: Writer,
): string {
  const { t } = write;
  const compared = [
    compare(events, dayBefore, t('the day before'), write),
    compare(events, weekBefore, t('a week before'), write),
  ].filter((text) => text !== '');
  const said = t('On {day} there were {events event|events}: {compared}.', {
    day: write.day(day),
    events,
    compared: compared.join(', '),
  });
  const moved = topics.map(({ name, by }) => `${name} ${write.signed(by)}`).join(', ');
  return moved === '' ? said : `${said} ${t('What moved most: {topics}.', { topics: moved })}`;
}

function compare(now: number, then: number | null, when: string, { t, percent }: Writer): string {
  if (then === null) return '';
  if (now === then) return t('as many as {when}', { when });
  if (then === 0) return t('none {when}', { when });
  const share = percent(Math.abs(now - then) / then);
  return now > then
    ? t('{share} more than {when}', { share, when })
    : t('{share} less than {when}', { share, when });
}
