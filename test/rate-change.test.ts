import { expect, test } from '@jest/globals';
import { mulberry32, between } from '../fixtures/random.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { splitRateChange } from '../src/shared/rate-change.ts';
import { minuteMs } from '../src/time.ts';
import { makePayload, toCells } from './support/payload.ts';

const start = Date.UTC(2026, 10, 1);
const later = start + 10 * minuteMs;
const [items, ages, kinds] = [
  ['Кино', 'Наука'],
  ['18-25', '45+'],
  ['show', 'click', 'view'],
];

type Users = [topic: string, age: string, event: string, minute: 0 | 10, users: number];

function split(users: Users[], names: Record<string, string[] | null> = {}) {
  const events = kinds.map((event, rank) => ({ event, name: event, rank, step: true }));
  const tables = tabulatePayload(
    makePayload({
      ...{ start, end: start + 20 * minuteMs, ladder: [], items, ages, sources: ['a'], events },
      topics: items.concat('a').map((name, rank) => ({ name, color: '#000000', rank })),
      ...{ gaps: [], merged: null, people: null },
      visits: toCells([items, ages, ['a']], [['Кино', '18-25', 'a', 0, 1]]),
      engagement: toCells([items, ages, kinds], users),
    }),
  );
  return splitRateChange(
    tables,
    { names },
    {
      both: [{ start: later, end: later + minuteMs }],
      shift: 10 * minuteMs,
      names: {},
    },
  );
}

/** So many shows and clicks of a topic and an age, earlier and later. */
const pair = (topic: string, age: string, earlier: [number, number], now: [number, number]): Users[] =>
  ([0, 10] as const).flatMap((minute) => {
    const [shows, clicks] = minute === 0 ? earlier : now;
    const all: Users[] = [
      [topic, age, 'show', minute, shows],
      [topic, age, 'click', minute, clicks],
    ];
    return all.filter((row) => row[4] > 0);
  });

test('more of what is clicked often is mix, and no rate', () => {
  // 60 of 200 are clicked, then 160 of 400: Кино makes (150/400 - 50/200) - (300/400 - 100/200) * 35 % of it.
  const found = split([
    ...pair('Наука', '45+', [100, 10], [100, 10]),
    ...pair('Кино', '45+', [100, 50], [300, 150]),
  ]);
  expect([found?.before, found?.now]).toEqual([0.3, 0.4]);
  expect(found?.mix).toBeCloseTo(0.1, 12);
  expect(found?.rates).toBeCloseTo(0, 12);
  expect(found?.cause.name).toBe('Наука');
  expect(found?.cause.by).toBeCloseTo(0.0625, 12);
});

test('the same mix that is clicked more often is rates, and no mix', () => {
  const found = split([
    ...pair('Наука', '45+', [100, 10], [200, 20]),
    ...pair('Кино', '45+', [100, 50], [200, 160]),
  ]);
  expect(found?.mix).toBeCloseTo(0, 12);
  expect(found?.rates).toBeCloseTo(0.15, 12);
  expect(found?.cause.name).toBe('Кино');
});

test('an age within a topic is a part of the mix, and a choice leaves the others out', () => {
  const users = [
    ...pair('Кино', '18-25', [100, 50], [300, 150]),
    ...pair('Кино', '45+', [100, 10], [100, 10]),
  ];
  expect(split(users)?.mix).toBeCloseTo(0.1, 12);
  expect(split(users, { age_segment: ['18-25'] })).toMatchObject({ now: 0.5, before: 0.5, mix: 0, rates: 0 });
});

test('mix and rates add up to the difference, whatever is there on one side alone', () => {
  const random = mulberry32(1955);
  for (let time = 0; time < 300; time++) {
    const some = (): [number, number] => [
      random() < 0.3 ? 0 : between(random, 90, 900),
      between(random, 0, 90),
    ];
    const found = split(items.flatMap((topic) => ages.flatMap((age) => pair(topic, age, some(), some()))));
    if (found) expect(found.mix + found.rates).toBeCloseTo(found.now - found.before, 10);
  }
});

test('few shows tell nothing, nor do users who do not follow the choice', () => {
  expect(split(pair('Кино', '45+', [99, 10], [900, 90]))).toBeNull();
  expect(split(pair('Кино', '45+', [100, 10], [900, 90]))).not.toBeNull();
  expect(split(pair('Кино', '45+', [100, 10], [900, 90]), { source_topic: ['a'] })).toBeNull();
});
