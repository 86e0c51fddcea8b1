import { expect, test } from '@jest/globals';
import { describeStatus, statusJson } from '../src/cli/report.ts';
import type { Status } from '../src/aggregate/status.ts';
import type { Run } from '../src/ledger/ledger.ts';
import { parseTime } from '../src/time.ts';

const between = (start: string, end: string) => ({
  start: parseTime(`2026-11-${start}`),
  end: parseTime(`2026-11-${end}`),
});
const status: Status = {
  readable: true,
  ...{ first: parseTime('2026-11-01 10:00'), last: parseTime('2026-11-08 09:00'), age: 3_600_000 },
  ...{ lastEvent: parseTime('2026-11-08 09:00'), eventAge: 10_800_000 },
  ...{
    coverage: [],
    gaps: [],
    silences: [],
    changed: [],
    late: [],
    uncounted: [],
    short: [],
    outdated: [],
    runs: [],
  },
};
const lines = (part: Partial<Status>) => describeStatus({ ...status, ...part }, 'here').split('\n');

test('a command that mends a stretch keeps to the rule that it was aggregated with', () => {
  const told = lines({
    coverage: [
      { ...between('01', '02'), minute: 'nearest' },
      { ...between('03', '03 12:00'), minute: 'nearest' },
      { ...between('03 12:00', '04'), minute: 'floor' },
    ],
    gaps: [between('02', '03')],
    changed: [
      { ...between('01 10:00', '01 10:01'), events: 2, visits: 1 },
      { ...between('03 11:58', '03 12:02'), events: 9, visits: 5 },
    ],
    uncounted: [between('01', '02'), between('03', '04')],
    short: [between('05', '06')],
  });
  const nearest =
    'zen aggregate --start-dt 2026-11-03T00:00:00Z --end-dt 2026-11-03T12:00:00Z --minute nearest';
  expect(told.slice(7)).toEqual([
    'Not aggregated: 2026-11-02 00:00 up to, not including, 2026-11-03 00:00 UTC. ' +
      'Run zen aggregate --start-dt 2026-11-02T00:00:00Z --end-dt 2026-11-03T00:00:00Z --minute nearest',
    'Changed since: 2026-11-01 10:00 up to, not including, 2026-11-01 10:01 UTC: the log has 2 events, dash_visits 1. ' +
      'Run zen aggregate --start-dt 2026-11-01T10:00:00Z --end-dt 2026-11-01T10:01:00Z --minute nearest',
    'Changed since: 2026-11-03 11:58 up to, not including, 2026-11-03 12:02 UTC: the log has 9 events, dash_visits 5. ' +
      'Run zen aggregate --start-dt 2026-11-03T11:58:00Z --end-dt 2026-11-03T12:00:00Z --minute nearest, ' +
      'then zen aggregate --start-dt 2026-11-03T12:00:00Z --end-dt 2026-11-03T12:02:00Z',
    'People are not counted: 2026-11-01 00:00 up to, not including, 2026-11-02 00:00 UTC. ' +
      'Run zen aggregate --start-dt 2026-11-01T00:00:00Z --end-dt 2026-11-02T00:00:00Z --minute nearest --users',
    'People are not counted: 2026-11-03 00:00 up to, not including, 2026-11-04 00:00 UTC. ' +
      `Run ${nearest} --users, then zen aggregate --start-dt 2026-11-03T12:00:00Z --end-dt 2026-11-04T00:00:00Z --users`,
    'People do not reach back a week: 2026-11-05 00:00 up to, not including, 2026-11-06 00:00 UTC. ' +
      'Run zen aggregate; where the log has changed or was pruned, it stays so.',
  ]);
});

test('each kind of run is told in words of its own', () => {
  const run: Run = {
    ...{ ...between('01', '02'), minute: 'floor', outcome: 'done', error: null, zen_version: '0.1.0' },
    ...{ started: parseTime('2026-11-08 03:00'), finished: parseTime('2026-11-08 03:00:02') },
    ...{ events: 1200, written: { visits: 30, engagement: 40 } },
  };
  const none = { events: null, written: null };
  const runs: Run[] = [
    run,
    { ...run, ...none, outcome: 'failed', error: 'no room' },
    { ...run, ...none, outcome: 'pruned', events: 1200 },
    { ...run, outcome: 'dropped', events: null },
  ];
  expect(
    lines({ runs })
      .slice(-4)
      .map((line) => line.replace(/^.*UTC: /, '')),
  ).toEqual([
    '1,200 events into 30 + 40 rows, in 2.0 s',
    'failed: no room',
    '1,200 events pruned from the log',
    '30 + 40 rows pruned from the aggregates',
  ]);
});

test('what has changed is one line for a day, from its first minute to its last, and each stretch in JSON', () => {
  const changed = [
    { ...between('01 10:00', '01 10:01'), events: 2, visits: 1 },
    { ...between('01 10:05', '01 10:07'), events: 3, visits: 4 },
    { ...between('01 23:59', '02 00:01'), events: 5, visits: 0 },
    { ...between('02 06:00', '02 06:01'), events: 1, visits: 0 },
    { ...between('03 06:00', '03 06:01'), events: 1, visits: 0 },
  ];
  const coverage = [{ ...between('01', '04'), minute: 'floor' as const }];
  const told = lines({ changed, coverage }).filter((line) => line.startsWith('Changed since'));
  expect(told).toEqual([
    expect.stringContaining(
      'Changed since: 6 minutes of 2026-11-01 10:00 up to, not including, 2026-11-02 06:01 UTC: the log has 11 events in them, dash_visits 5.',
    ),
    expect.stringContaining(
      '2026-11-03 06:00 up to, not including, 2026-11-03 06:01 UTC: the log has 1 event, dash_visits 0.',
    ),
  ]);
  expect(statusJson({ ...status, changed, coverage }).changed).toEqual(
    changed.map(({ start, end, ...counts }) => ({
      ...counts,
      start: new Date(start).toISOString().replace('.000', ''),
      end: new Date(end).toISOString().replace('.000', ''),
    })),
  );
});
