import { expect, test } from '@jest/globals';
import { describeProgress } from '../src/cli/format.ts';
import type { Session } from '../src/db/database.ts';
import { countEvents, queryEdges } from '../src/log/questions.ts';
import { describeSize } from '../src/shared/units.ts';

test('progress tells the share of the bytes, the speed and the seconds left', () => {
  const half = { bytes: 3_700_000, size: 7_400_000, rows: 161_000 };
  expect(describeProgress(half, 2)).toBe('██████████░░░░░░░░░░ 50 % of 7.4 MB, 80,500 rows/s, 2 s left');
  expect(describeProgress({ bytes: 0, size: 0, rows: 0 }, 0)).toBe('░░░░░░░░░░░░░░░░░░░░ 0 % of 0.0 MB');
  expect(describeProgress({ bytes: 7_400_000, size: 7_400_000, rows: 322_391 }, 4)).toContain(
    ' 100 % of 7.4 MB, 80,598 rows/s, 0 s left',
  );
});

test.each([
  [0, '0.0 MB'],
  [850_265, '0.9 MB'],
  [999_900_000, '999.9 MB'],
  [999_960_000, '1.0 GB'],
  [431_200_000_000, '431.2 GB'],
])('a size of %i bytes is told as %s', (bytes, told) => {
  expect(describeSize(bytes)).toBe(told);
});

test('what a database leaves out of its answer is no number', async () => {
  const silent = { query: () => Promise.resolve([]) } as unknown as Session;
  await expect(countEvents(silent, { start: 0, end: 1 })).rejects.toThrow('A value is missing');
  await expect(queryEdges(silent)).rejects.toThrow('A value is missing');
});
