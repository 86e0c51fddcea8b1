import type { Drawn } from './drawn.ts';
import type { Peak } from './minutes.ts';
import type { Locale } from './settings.ts';

export type Translate = (text: string, values?: Record<string, string | number>) => string;

/**
 * Texts are written in English where they stand, and looked up by that. `{name}` in them is a value's place, and
 * `{name event|events}` that of a number with what it counts: one form for each plural of the language (Unicode CLDR), in
 * the order one, few, many.
 */
export function translator({ language, messages }: Locale): Translate {
  const number = new Intl.NumberFormat(language);
  const plurals = new Intl.PluralRules(language);
  const known = plurals.resolvedOptions().pluralCategories;
  const order = (['zero', 'one', 'two', 'few', 'many', 'other'] as const).filter((name) =>
    known.includes(name),
  );
  const count = (value: number, forms: string[]) =>
    `${number.format(value)}\u00a0${forms[order.indexOf(plurals.select(value))] ?? forms.at(-1) ?? ''}`;
  return (text, values = {}) => {
    const found = Object.hasOwn(messages, text) ? (messages[text] ?? text) : text;
    return found.replace(/\{(\w+)(?: ([^}]+))?\}/g, (place, name: string, forms?: string) => {
      const value = values[name] ?? place;
      if (typeof value === 'string') return value;
      return forms === undefined ? number.format(value) : count(value, forms.split('|'));
    });
  };
}

/** How numbers and times are written. Times are UTC; a share is of 1. */
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

/** What the reader sees first, and what each chart finds, for one selection; empty where there is nothing to find. */
export interface Words {
  events: string;
  views: string;
  peak: string;
  history: string;
  sources: string;
  funnel: string;
  people: string;
}

/** Puts the drawn rows of a period into words. */
export function describe(drawn: Drawn, peak: Peak, [start, end]: [number, number], write: Writer): Words {
  const events = drawn.sources.reduce((sum, { visits }) => sum + visits, 0);
  if (events === 0)
    return {
      events: write.number(0),
      views: '–',
      peak: '–',
      history: '',
      sources: '',
      funnel: '',
      people: '',
    };
  const at = write.time(peak.dt, Math.floor(start / dayMs) !== Math.floor((end - 1) / dayMs));
  return {
    events: write.number(events),
    views: write.percent(shareOf(drawn, 'view')),
    peak: write.t('{events} at {time}', { events: peak.visits, time: at }),
    history: describeHistory(drawn, events, write),
    sources: describeSources(drawn, events, write),
    funnel: describeFunnel(drawn, write),
    people: describePeople(drawn, write),
  };
}

/** The sum of events by some key, the largest first. */
export function sums<Key>(
  rows: Drawn['history'],
  keyOf: (row: Drawn['history'][number]) => Key,
): [Key, number][] {
  const found = new Map<Key, number>();
  for (const row of rows) found.set(keyOf(row), (found.get(keyOf(row)) ?? 0) + row.visits);
  return [...found].sort(([, a], [, b]) => b - a);
}

const dayMs = 86_400_000;

function describeHistory({ history }: Drawn, events: number, write: Writer): string {
  const topics = sums(history, ({ item_topic }) => item_topic);
  return describeLargest(topics, events, write);
}

function describeSources({ sources }: Drawn, events: number, write: Writer): string {
  const sorted = sources.toSorted((a, b) => b.visits - a.visits);
  const topics = sorted.map(({ source_topic, visits }): [string, number] => [source_topic, visits]);
  if (topics.length < 4) return describeLargest(topics, events, write);
  const three = topics.slice(0, 3);
  return write.t('The largest of {count topic|topics} are {topics}: together {share}.', {
    count: topics.length,
    topics: three.map(([name]) => isolate(name)).join(', '),
    share: write.percent(three.reduce((sum, [, visits]) => sum + visits, 0) / events),
  });
}

function describeLargest(topics: [name: string, visits: number][], all: number, write: Writer): string {
  const [name, events] = topics[0] ?? ['', 0];
  const topic = isolate(name);
  if (topics.length === 1) return write.t('Only {topic}: {events event|events}.', { topic, events });
  return write.t('The largest of {count topic|topics} is {topic}: {events event|events}, {share}.', {
    count: topics.length,
    topic,
    events,
    share: write.percent(events / all),
  });
}

function describeFunnel(drawn: Drawn, { t, percent }: Writer): string {
  const [clicks, views] = [shareOf(drawn, 'click'), shareOf(drawn, 'view')];
  if (clicks === null || views === null) return '';
  return t('Of shows, {clicks} are clicked and {views} viewed; of clicks, {step} become views.', {
    clicks: percent(clicks),
    views: percent(views),
    step: percent(drawn.funnel.find(({ event }) => event === 'view')?.step ?? null),
  });
}

function describePeople({ people }: Drawn, { t, percent }: Writer): string {
  const [show, click, view] = ['show', 'click', 'view'].map((event) =>
    people.find((row) => row.event === event),
  );
  if (!show) return '';
  const share = (row = nobody) => between(row.share_low, row.share_high, percent);
  const shares = { clicks: share(click), views: share(view) };
  const isExact = people.every(({ low, high }) => low === high);
  const said = [
    show.low === show.high
      ? t('Of {people person|people} shown a card, {clicks} clicked and {views} viewed one.', {
          people: show.low,
          ...shares,
        })
      : t('Of {low} to {high} people shown a card, {clicks} clicked and {views} viewed one.', {
          low: show.low,
          high: show.high,
          ...shares,
        }),
    isExact ? '' : t('A range is as much as is known of this selection.'),
    show.parts === 1
      ? ''
      : t(
          'Of so long a period each counts once in each of {parts part|parts}; in all, they are {least} to {most} different people.',
          { parts: show.parts, least: show.least, most: show.high },
        ),
  ];
  return said.filter((text) => text !== '').join(' ');
}

const nobody: Pick<Drawn['people'][number], 'share_low' | 'share_high'> = { share_low: 0, share_high: 0 };

function between(low: number | null, high: number | null, write: Writer['percent']): string {
  const [least, most] = [write(low), write(high)];
  return least === most ? least : `${least} – ${most}`;
}

function shareOf({ funnel }: Drawn, event: string): number | null {
  return funnel.find((row) => row.event === event)?.share ?? null;
}

/** What the filters let through; null lets all through. A period is half-open, Unix milliseconds. */
export interface Selection {
  period: [start: number, end: number] | null;
  topics: string[] | null;
  ages: string[] | null;
}

/** No filter is set. */
export const everything: Selection = { period: null, topics: null, ages: null };

/** The line that says what is shown, of a page that covers `span`. */
export function describeSelection(
  { period, topics, ages }: Selection,
  span: [number, number],
  write: Writer,
): string {
  const { t } = write;
  const [start, end] = period ?? span;
  return [
    `${write.range(start, end)} UTC`,
    topics ? t('topics: {names}', { names: join(topics, write) }) : t('all topics'),
    ages ? t('age: {names}', { names: join(ages, write) }) : t('all ages'),
  ].join(' · ');
}

const named = 4;

/** Some names, and how many more there are. */
export function join(names: string[], { t }: Writer, between = ', '): string {
  const more = names.length - named;
  const first = names.slice(0, named).map(isolate).join(between);
  return more > 0 ? t('{names} and {count} more', { names: first, count: more }) : first;
}

/** Letters that are written from right to left, and marks that turn the direction of others. */
const directional =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A name of the data for a sentence, whose order it cannot change: its marks end with it (Unicode's UAX 9, "Isolating").
 * One that could not, as most, stays as it is.
 */
export function isolate(name: string): string {
  if (!directional.test(name)) return name;
  let open = 0;
  let text = '';
  for (const letter of name.replaceAll(/[\n\r\u0085\u2029]/g, ' ')) {
    if (/[\u2066-\u2068]/.test(letter)) open++;
    if (letter !== '\u2069' || open-- > 0) text += letter;
    open = Math.max(0, open);
  }
  return `\u2068${text}${'\u2069'.repeat(open)}\u2069`;
}
