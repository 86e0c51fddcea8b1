import { beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { generate } from '../fixtures/generate.ts';
import type { Event } from '../fixtures/generate.ts';

type Counts = Record<string, number>;

interface Figures {
  log_raw: {
    rows: number;
    first_event_utc: string;
    events_after_window: number;
    event_share_estimate: { show: number; click: number; view: number };
    by_item_topic: Counts;
    by_source_topic: Counts;
    sum_unique_users_by_event_unrounded_ms: Counts;
  };
  window: {
    dash_visits_rows: number;
    visits: number;
    by_minute: Counts;
    by_age_and_minute: Record<string, Counts>;
    by_item_and_source: Record<string, Counts>;
    pairs_absent: [string, string][];
    funnel_mean_unique_users_published: Counts;
  };
}

const { log_raw: log, window: published } = JSON.parse(
  readFileSync(new URL('../fixtures/figures.json', import.meta.url), 'utf8'),
) as Figures;
const kinds = ['show', 'click', 'view'];

let events: Event[];
let inWindow: Event[];
let byTime: Event[];

beforeAll(() => {
  events = generate();
  inWindow = events.filter(({ ts }) => ts <= at('19:00:00'));
  byTime = [...events].sort((a, b) => a.event_id - b.event_id);
});

function at(time: string): number {
  return Date.parse(`2019-09-24T${time}Z`);
}

/** The nearest minute to the whole second, from an exact half the even one. */
function minuteOf({ ts }: Event): string {
  const second = Math.floor(ts / 1000);
  const [minute, rest] = [Math.floor(second / 60), second % 60];
  const up = rest > 30 || (rest === 30 && minute % 2 === 1);
  return new Date((minute + (up ? 1 : 0)) * 60_000).toISOString().slice(11, 16);
}

function count(rows: Event[], keyOf: (event: Event) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return counts;
}

function distinct(rows: Event[], keyOf: (event: Event) => unknown): number {
  return new Set(rows.map(keyOf)).size;
}

/** The unique users of each cell of the window, by moment, item topic and age segment, for one kind of event. */
function uniqueUsers(kind: string, momentOf: (event: Event) => unknown): number[] {
  const cells = new Map<string, Set<number>>();
  for (const event of inWindow.filter((row) => row.event === kind)) {
    const cell = `${String(momentOf(event))} ${event.item_topic} ${event.age_segment}`;
    cells.set(cell, (cells.get(cell) ?? new Set()).add(event.user_id));
  }
  return [...cells.values()].map((users) => users.size);
}

/** The counts that are not zero, by both keys. */
function flatten(table: Record<string, Counts>): Map<string, number> {
  const rows = Object.entries(table).flatMap(([one, counts]) =>
    Object.entries(counts).map(([other, events]): [string, number] => [`${one} ${other}`, events]),
  );
  return new Map(rows.filter(([, events]) => events > 0));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function rowsOf(rows: Event[]): string {
  return rows.map((row) => Object.values(row).join('\t')).join('\n');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function expectNear(actual: number, target: number, tolerance: number): void {
  expect(actual).toBeGreaterThanOrEqual(target * (1 - tolerance));
  expect(actual).toBeLessThanOrEqual(target * (1 + tolerance));
}

describe('the log is the same every time', () => {
  test('two calls give the same events in the same order', () => {
    expect(hash(rowsOf(generate()))).toBe(hash(rowsOf(events)));
  });

  test('the events are those they were when this test was written', () => {
    expect(hash(rowsOf(events))).toBe('ccafa7d9c2f8f7caecb56739b5b4fab8c19212e1c4d80acea3f19c5f1db32f1d');
  });
});

describe('the published counts are met exactly', () => {
  test('the log and the window have as many events as published', () => {
    expect(events).toHaveLength(log.rows);
    expect(inWindow).toHaveLength(published.visits);
    expect(events.length - inWindow.length).toBe(log.events_after_window);
  });

  test('each minute has its events', () => {
    expect(count(inWindow, minuteOf)).toEqual(new Map(Object.entries(published.by_minute)));
  });

  test('each minute has its events of each age segment', () => {
    const counts = count(inWindow, (event) => `${event.age_segment} ${minuteOf(event)}`);
    expect(counts).toEqual(flatten(published.by_age_and_minute));
  });

  test('each item topic has its events from each source topic, and absent pairs none after the window either', () => {
    const pairOf = (event: Event) => `${event.item_topic} ${event.source_topic}`;
    expect(count(inWindow, pairOf)).toEqual(flatten(published.by_item_and_source));
    const pairs = count(events, pairOf);
    expect(published.pairs_absent.filter((pair) => pairs.has(pair.join(' ')))).toEqual([]);
  });

  test('each topic has its events of the whole log', () => {
    expect(count(events, (event) => event.item_topic)).toEqual(new Map(Object.entries(log.by_item_topic)));
    expect(count(events, (event) => event.source_topic)).toEqual(
      new Map(Object.entries(log.by_source_topic)),
    );
  });
});

describe('time goes as published', () => {
  test('the log begins and ends when the real one does', () => {
    expect(new Date(byTime[0]?.ts ?? 0).toISOString()).toBe(log.first_event_utc);
    const last = byTime.at(-1)?.ts ?? 0;
    expect(last).toBeGreaterThan(at('19:00:39'));
    expect(last).toBeLessThanOrEqual(at('19:00:40'));
  });

  test('nothing happens in the gap', () => {
    expect(events.filter(({ ts }) => ts >= at('18:36:00') && ts < at('18:52:00'))).toEqual([]);
  });

  test('times are whole milliseconds', () => {
    expect(events.every(({ ts }) => Number.isInteger(ts))).toBe(true);
    expect(distinct(events, ({ ts }) => ts % 1000)).toBe(1000);
  });

  test('while the log grows, each ten seconds have more events than the ten before', () => {
    const growing = events.filter(({ ts }) => ts >= at('18:53:30') && ts < at('18:56:00'));
    const tens = count(growing, ({ ts }) => new Date(ts).toISOString().slice(11, 18));
    const counts = [...tens.keys()].sort().map((ten) => tens.get(ten) ?? 0);
    expect(counts).toHaveLength(15);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
  });
});

describe('kinds of events and users are near what is published', () => {
  test('shows, clicks and views have their shares', () => {
    const counts = count(events, (event) => event.event);
    expect([...counts.keys()].sort()).toEqual([...kinds].sort());
    for (const [kind, share] of Object.entries(log.event_share_estimate)) {
      expectNear((counts.get(kind) ?? 0) / events.length, share, kind === 'show' ? 0.005 : 0.03);
    }
  });

  test('item topics differ in their share of clicks, and have no more views than clicks', () => {
    const counts = count(events, (event) => `${event.item_topic} ${event.event}`);
    const shares = Object.entries(log.by_item_topic).map(([topic, all]) => {
      const clicks = counts.get(`${topic} click`) ?? 0;
      expect(counts.get(`${topic} view`)).toBeLessThanOrEqual(clicks);
      expectNear(clicks / all, log.event_share_estimate.click, 0.25);
      return clicks / all;
    });
    expect(Math.max(...shares)).toBeGreaterThan(1.2 * Math.min(...shares));
  });

  test('some 3.8 % of the events repeat a user of their cell', () => {
    const unique = sum(kinds.flatMap((kind) => uniqueUsers(kind, minuteOf)));
    const repeated = 1 - unique / inWindow.length;
    expect(repeated).toBeGreaterThan(0.033);
    expect(repeated).toBeLessThan(0.043);
  });

  test.each(kinds)('the mean unique users of a cell are near the published ones: %s', (kind) => {
    const users = uniqueUsers(kind, minuteOf);
    expectNear(sum(users) / users.length, published.funnel_mean_unique_users_published[kind] ?? 0, 0.05);
  });

  test.each(kinds)('without rounding, the sum of unique users is near the published one: %s', (kind) => {
    const users = uniqueUsers(kind, ({ ts }) => ts);
    expectNear(sum(users), log.sum_unique_users_by_event_unrounded_ms[kind] ?? 0, 0.03);
  });

  test('the table of visits has about as many rows as published', () => {
    const cell = (event: Event) =>
      [minuteOf(event), event.item_topic, event.source_topic, event.age_segment].join(' ');
    expectNear(distinct(inWindow, cell), published.dash_visits_rows, 0.05);
  });
});

describe('the events make sense together', () => {
  test('a click follows a show of the card to the user, and a view a click', () => {
    const seen = new Set<string>();
    const before = new Map([
      ['click', 'show'],
      ['view', 'click'],
    ]);
    const orphans = byTime.filter(({ event, user_id, item_id }) => {
      seen.add(`${event} ${user_id} ${item_id}`);
      const cause = before.get(event);
      return cause && !seen.has(`${cause} ${user_id} ${item_id}`);
    });
    expect(orphans).toEqual([]);
  });

  test('a user has one age segment', () => {
    const pairs = distinct(events, (event) => `${event.user_id} ${event.age_segment}`);
    expect(pairs).toBe(distinct(events, (event) => event.user_id));
  });

  test('an item has one pair of topics and one source, and a source one topic and one type', () => {
    const item = ({ item_id, item_topic, item_type, source_id }: Event) =>
      [item_id, item_topic, item_type, source_id].join(' ');
    const source = (event: Event) => [event.source_id, event.source_topic, event.source_type].join(' ');
    expect(distinct(events, item)).toBe(distinct(events, (event) => event.item_id));
    expect(distinct(events, source)).toBe(distinct(events, (event) => event.source_id));
  });

  test('publishers give native items and domains links, three to two', () => {
    const types = count(events, (event) => `${event.source_type} ${event.item_type}`);
    expect([...types.keys()].sort()).toEqual(['domain url', 'publisher native']);
    expectNear((types.get('publisher native') ?? 0) / events.length, 0.6, 0.05);
  });

  test('identifiers have up to seven digits', () => {
    const ids = events.flatMap(({ item_id, source_id, user_id }) => [item_id, source_id, user_id]);
    expect(ids.every((id) => Number.isInteger(id) && id > 0 && id < 10_000_000)).toBe(true);
  });
});

describe('the rows lie as in the real table', () => {
  test('event ids grow with time, with small gaps, around 2.93 million', () => {
    const steps = byTime.slice(1).map((event, place) => event.event_id - (byTime[place]?.event_id ?? 0));
    expect(new Set(steps)).toEqual(new Set([1, 2, 3, 4]));
    expect(byTime.every(({ ts }, place) => ts >= (byTime[place - 1]?.ts ?? 0))).toBe(true);
    expectNear(byTime[byTime.length >> 1]?.event_id ?? 0, 2_930_000, 0.001);
  });

  test('they are stored out of order, in runs of hundreds, and still compress well', () => {
    const back = events.filter(
      ({ event_id }, place) => Math.abs(event_id - (events[place - 1]?.event_id ?? 0)) > 100,
    );
    expect(events.length / back.length).toBeGreaterThan(200);
    expect(events.length / back.length).toBeLessThan(1000);
    expect(gzipSync(rowsOf(events), { level: 9 }).length).toBeLessThan(8_000_000);
  });
});
