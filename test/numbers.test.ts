import { expect, test } from '@jest/globals';
import { describeProgress } from '../src/cli/format.ts';

test('progress tells the share of the bytes, the speed and the seconds left', () => {
  const half = { bytes: 3_700_000, size: 7_400_000, rows: 161_000 };
  expect(describeProgress(half, 2)).toBe('██████████░░░░░░░░░░ 50 % of 7.4 MB, 80,500 rows/s, 2 s left');
  expect(describeProgress({ bytes: 0, size: 0, rows: 0 }, 0)).toBe('░░░░░░░░░░░░░░░░░░░░ 0 % of 0.0 MB');
  expect(describeProgress({ bytes: 7_400_000, size: 7_400_000, rows: 322_391 }, 4)).toContain(
    ' 100 % of 7.4 MB, 80,598 rows/s, 0 s left',
  );
});
