import { expect, test } from '@jest/globals';
import { describeStatus } from '../src/cli/report.ts';
import type { Status } from '../src/aggregate/status.ts';
import type { Run } from '../src/ledger/ledger.ts';
import { parseTime } from '../src/time.ts';

const between = (start: string, end: string) => ({
  start: parseTime(`2026-11-${start}`),
  end: parseTime(`2026-11-${end}`),
});
const status: Status = {
  ...{ first: parseTime('2026-11-01 10:00'), last: parseTime('2026-11-08 09:00'), age: 3_600_000 },
  ...{ coverage: [], gaps: [], changed: [], uncounted: [], runs: [] },
};
const lines = (part: Partial<Status>) => describeStatus({ ...status, ...part }, 'here').split('\n');

test('each kind of run is told in words of its own', () => {
  const run: Run = {
    ...{ ...between('01', '02'), minute: 'floor', outcome: 'done', error: null, zen_version: '0.1.0' },
    ...{ started: parseTime('2026-11-08 03:00'), finished: parseTime('2026-11-08 03:00:02') },
    ...{ events: 1200, visits_rows: 30, engagement_rows: 40 },
  };
  const none = { events: null, visits_rows: null, engagement_rows: null };
  const runs: Run[] = [
    run,
    { ...run, ...none, outcome: 'failed', error: 'no room' },
    { ...run, ...none, outcome: 'pruned', events: 1200 },
    { ...run, outcome: 'dropped', events: null },
  ];
  expect(
    lines({ runs })
      .slice(-4)
      .map((line) => line.replace(/^.*excluded: /, '')),
  ).toEqual([
    '1,200 events into 30 + 40 rows, in 2.0 s',
    'failed: no room',
    '1,200 events pruned from the log',
    '30 + 40 rows pruned from the aggregates',
  ]);
});
