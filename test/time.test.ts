import { describe, expect, test } from '@jest/globals';
import { describeWindow, isoTime, lastMidnight, parseTime } from '../src/time.ts';

describe('a time is read as UTC', () => {
  test.each([
    ['2019-09-24', '2019-09-24T00:00:00.000Z'],
    ['2019-09-24 18:00', '2019-09-24T18:00:00.000Z'],
    ['2019-09-24 18:00:30', '2019-09-24T18:00:30.000Z'],
    ['2019-09-24T18:00:30.5', '2019-09-24T18:00:30.500Z'],
    ['2019-09-24T18:00Z', '2019-09-24T18:00:00.000Z'],
    ['2019-09-24 18:00 +03:00', '2019-09-24T15:00:00.000Z'],
    ['2019-09-24T18:00:00-0730', '2019-09-25T01:30:00.000Z'],
    ['2019-09-24T18:00+18', '2019-09-24T00:00:00.000Z'],
    ['2019-09-24T18:00-18:00', '2019-09-25T12:00:00.000Z'],
    ['2019-09-24T18:00+17:59', '2019-09-24T00:01:00.000Z'],
    ['2020-02-29', '2020-02-29T00:00:00.000Z'],
    // Not an hour of Los Angeles, where the tests run: its clocks go forward over it.
    ['2019-03-10 02:30', '2019-03-10T02:30:00.000Z'],
  ])('%s', (text, iso) => {
    expect(new Date(parseTime(text)).toISOString()).toBe(iso);
  });
});

describe('what is not a time is refused by name', () => {
  test.each([
    '',
    'yesterday',
    '2019',
    '24.09.2019',
    '2019-09-24 18',
    '2019-09-24 18:00 x',
    '2019-09-24T',
    '1569348000',
    '2019-09-24 18:00 -25:00',
    '2019-09-24T18:00+18:01',
    '2019-09-24T18:00+19',
    '2019-09-24T18:00+03:60',
    '2019-09-24T18:00-0399',
  ])('%j', (text) => {
    expect(() => parseTime(text)).toThrow(`“${text}” is not a time`);
  });
  test.each(['2019-02-29', '2019-13-01', '2019-09-24 25:00', '2019-09-24 18:60'])('%j', (text) => {
    expect(() => parseTime(text)).toThrow(`“${text}” does not exist`);
  });
});

test('times and windows are told in UTC', () => {
  const [start, end] = [parseTime('2019-09-24 18:00'), parseTime('2019-09-24 19:00:30')];
  expect(isoTime(start)).toBe('2019-09-24T18:00:00Z');
  expect(describeWindow({ start, end })).toBe(
    '2019-09-24 18:00 up to, not including, 2019-09-24 19:00:30 UTC',
  );
});

test('the last midnight is that of UTC, and midnight itself is one', () => {
  expect(isoTime(lastMidnight(parseTime('2019-09-24 23:59:59')))).toBe('2019-09-24T00:00:00Z');
  expect(isoTime(lastMidnight(parseTime('2019-09-24')))).toBe('2019-09-24T00:00:00Z');
});
