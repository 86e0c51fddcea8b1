import { expect, test } from '@jest/globals';
import { mapColumns } from '../src/restore/columns.ts';
import type { TimeUnit } from '../src/restore/times.ts';

const columns = ['ts', 'user_id', 'event', 'item_topic', 'source_topic', 'age_segment'];

/** Returns what becomes of times, as the first rows of a log, and what is told of them. */
function readAll(times: string[], unit?: TimeUnit): { read: (string | undefined)[]; notes: string[] } {
  const table = { schema: '', name: 'log_raw', columns, types: new Map() };
  const rows = Buffer.from(times.map((ts) => `${ts}\t1\ta\tb\tc\td\n`).join(''));
  const { map, notes } = mapColumns(table, 'log.csv', rows, unit);
  const read = map(rows).toString().trimEnd().split('\n');
  return { read: read.map((row) => row.split('\t')[0]), notes };
}

function read(ts: string): string | undefined {
  return readAll([ts]).read[0];
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
  ['2019-09-24 18:00:00,123456', evening + 123],
  ['2019-09-24 18:00:00.5 UTC', evening + 500],
  ['2019-09-24 18:00:00 +0000', evening],
  ['2019-09-24 18:00:00 +03:00', evening - 3 * hour],
  ['2019/09/24 18:00:00 GMT', evening],
  ['24.09.2019 18:00:00.25', evening + 250],
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
  '2019-02-29 18:00:00',
  '2019-04-31 18:00:00',
  '2019-09/24 18:00:00',
  '09/24/2019 18:00:00',
  '2019-09-24 18:00:00 MSK',
  '1.56935E+12', // of which a spreadsheet has taken the digits
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

test.each<[string, string, string | number]>([
  ['s', '1569348000', evening],
  ['s', '1569348000.7995', evening + 799],
  ['s', '1569348000,5', evening + 500],
  ['s', '1.569348000e9', evening],
  ['ms', '1569348000799', evening + 799],
  ['ms', '1569348000799.0', evening + 799],
  ['ms', '1569348000799.999', evening + 799],
  ['ms', '1.569348000799E+12', evening + 799],
  ['us', '1569348000799999', evening + 799],
  ['us', '1569348000799000.25', evening + 799],
  ['ns', '1569348000799999999', evening + 799],
])('in %s, %s is read exactly, by its magnitude', (unit, text, expected) => {
  const { read, notes } = readAll(['\\N', text]);
  expect(read).toEqual(['\\N', String(expected)]);
  expect(notes.join()).toEqual(
    unit === 'ms'
      ? ''
      : expect.stringMatching(new RegExp(`^ts is in .*seconds \\(--time-unit ${unit}\\)\\.$`)),
  );
});

test('what is before 1970 is cut off towards the past, as all times are', () => {
  expect(readAll(['-0.0005', '-1.5', '-1', '1.0005'], 's').read).toEqual(['-1', '-1500', '-1000', '1000']);
  expect(readAll(['-1', '-1000', '999'], 'us').read).toEqual(['-1', '-1', '0']);
});

test('a unit that is given decides, whatever the magnitude', () => {
  expect(readAll(['1569348000'], 'ms')).toEqual({ read: ['1569348000'], notes: [] });
  expect(readAll(['5', '2019-09-24 18:00:00'], 's').read).toEqual(['5000', String(evening)]);
});

test.each([
  [['1569348000', '1569348000799'], 'numbers in seconds and in milliseconds'],
  [['1569348000799000', '1569348000'], 'numbers in microseconds and in seconds'],
  [['43732.75', '43732.76'], '“43732.75”'],
])('times of which the unit is not certain are refused with the option, %j', (times, held) => {
  expect(() => readAll(times)).toThrow(
    `log.csv: ts has ${held}, so its unit is not certain. Say --time-unit s|ms|us|ns.`,
  );
});

test('numbers of no unit are milliseconds, which the summary names', () => {
  expect(readAll(['1', '20']).read).toEqual(['1', '20']);
});
