import type { Peak } from '../minutes.ts';
import type { Drawn } from '../panels.ts';
import type { Selection } from '../selection.ts';
import type { Writer } from './format.ts';
import { isolate, join } from './names.ts';

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
