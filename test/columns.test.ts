import { expect, test } from '@jest/globals';
import { mapColumns } from '../src/restore/columns.ts';

const columns = ['ts', 'user_id', 'event', 'item_topic', 'source_topic', 'age_segment'];

/** Returns what becomes of a time. */
function read(ts: string): string | undefined {
  const { map } = mapColumns({ schema: '', name: 'log_raw', columns, types: new Map() }, 'log.csv');
  return map(Buffer.from(`${ts}\t1\ta\tb\tc\td\n`))
    .toString()
    .split('\t')[0];
}

const evening = Date.UTC(2019, 8, 24, 18);
const second = 1000;
const hour = 3600 * second;

test.each([
  ['\\N', '\\N'],
  ['-1569348000000', '-1569348000000'],
  ['2019-09-24 18:00:00', evening],
  ['2019-09-24 18:00:00.5', evening + 500],
  ['2019-09-24 18:00:00.123999', evening + 123],
  ['2019-09-24 18:00:00+03', evening - 3 * hour],
  ['2019-09-24 18:00:00-03:30', evening + 3.5 * hour],
  ['2019-09-24 18:00:00+0545', evening - 5.75 * hour],
  ['2019-09-24 18:00', evening],
  ['2019-09-24T18:00:00Z', evening],
  ['2019-09-24T18:00:00', evening],
  ['2019-09-24T18:00', evening],
  ['2019-09-24T18:00Z', evening],
  ['2019-09-24T18:00:00.123+02:00', evening + 123 - 2 * hour],
  // select extract(epoch from '…'::timestamptz) * 1000, PostgreSQL 15
  ['1901-01-01 00:00:00+02:30:17', -2177461817000],
  ['1883-11-18 12:00:00-07:52:58', -2717640422000],
  ['12345-01-01 00:00:00+00', 327403382400000],
  ['280000-12-31 23:59:59.999+00', 8773810963199999],
  ['0099-03-01 00:00:00+00', -59037897600000],
  ['0001-01-01 00:00:00+00', -62135596800000],
])('%s is %s', (text, expected) => {
  expect(read(text)).toBe(String(expected));
});

test.each([
  'infinity',
  'yesterday',
  '2019-09-24',
  '2019-09-24 18',
  '2019-09-24 1800',
  '2019-09-24 18:00.5',
  '2019-13-24 18:00:00',
  '2019-09-24 25:00:00',
  '2019-09-24 18:00:00+24',
  '2019-09-24 18:00:00+02:60',
  '2019-09-24 18:00:00 BC',
  '294276-12-31 23:59:59.999', // which no number of JavaScript holds
  '1234567-09-24 18:00:00',
  '2019-09-24 18:00:00\\n',
])('%s is no time', (text) => {
  expect(() => read(text)).toThrow(`log.csv, row 1 of the log: ts is “${text}”, which is not a time.`);
});
