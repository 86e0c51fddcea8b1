import { expect, test } from '@jest/globals';
import { cutAtMidnights, merge, subtract } from '../src/ledger/windows.ts';
import { mulberry32 } from '../fixtures/random.ts';
import { dayMs } from '../src/time.ts';
import type { Window } from '../src/time.ts';

/** The whole numbers in some windows: what merging and subtracting are about, one by one. */
function numbers(windows: readonly Window[]): number[] {
  const found = windows.flatMap(({ start, end }) =>
    Array.from({ length: end - start }, (_, index) => start + index),
  );
  return found.toSorted((a, b) => a - b);
}

const random = mulberry32(4);

function randomWindow(): Window {
  const start = Math.floor(random() * 30);
  return { start, end: start + 1 + Math.floor(random() * 8) };
}

test('500 random lists of windows merge into the fewest that hold the same, and are taken off exactly', () => {
  for (let round = 0; round < 500; round++) {
    const windows = Array.from({ length: Math.floor(random() * 6) }, randomWindow);
    const merged = merge(windows);
    const held = [...new Set(numbers(windows))];
    expect(numbers(merged)).toEqual(held);
    expect(merged.every(({ start }, index) => start > (merged[index - 1]?.end ?? -1))).toBe(true);
    const whole = randomWindow();
    expect(numbers(subtract(whole, merged))).toEqual(
      numbers([whole]).filter((number) => !held.includes(number)),
    );
  }
});

test('a window is cut after each day that has events, the empty days before it included', () => {
  const window = { start: 0.5 * dayMs, end: 9 * dayMs };
  expect(cutAtMidnights(window, [0, 4, 7])).toEqual([
    { start: 0.5 * dayMs, end: dayMs },
    { start: dayMs, end: 5 * dayMs },
    { start: 5 * dayMs, end: 9 * dayMs },
  ]);
  expect(cutAtMidnights(window, [3])).toEqual([window]);
  expect(cutAtMidnights(window, [])).toEqual([window]);
  expect(cutAtMidnights({ start: -3 * dayMs, end: 0 }, [-3, -1])).toEqual([
    { start: -3 * dayMs, end: -2 * dayMs },
    { start: -2 * dayMs, end: 0 },
  ]);
});
