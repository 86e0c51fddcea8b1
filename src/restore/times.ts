import { ZenError } from '../errors.ts';
import { dayMs } from '../time.ts';
import { isNullWord } from './copy/nulls.ts';
import { year2000, year2100 } from './copy/integers.ts';
import { excerpt } from './copy/text.ts';
import { quoteArgument } from './ids.ts';

/** The units of Unix time, each with its decimal places of a second. */
const decimals = { s: 0, ms: 3, us: 6, ns: 9 } as const;
export type TimeUnit = keyof typeof decimals;
export const timeUnits = Object.keys(decimals) as TimeUnit[];
export const unitNames: Record<TimeUnit, string> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

const number = /^([+-]?)(\d+)(?:[.,](\d+))?(?:e\+?(\d{1,2}))?$/i;
const offset =
  / ?(?:Z|UTC|GMT|([+-])([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d))?)?(?: [A-Z]{3,5}|\[[\w/+-]+\])?)/;
const timestampForm = new RegExp(
  String.raw`^(?:(\d{4,6})([-/])(\d\d)\2(\d\d)|(\d\d)\.(\d\d)\.(\d{4}))[ T](\d\d:\d\d)(?:(:\d\d)(?:[.,](\d+))?)?(?:${offset.source})?$`,
  'i',
);
const zoneAtEnd = new RegExp(`(?:${offset.source})$`, 'i');
/** Matches ISO 8601 without separators: 20190924T180000.5Z. */
const basicForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/i;
/** A date and time in digits alone, 20190924180000, perhaps with milliseconds; no Unix time of our century looks like it. */
const withoutMarks = /^20\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){2}(?:\d{3})?$/;
const farMs = Date.UTC(9999, 11, 31);
/** The day numbers that a spreadsheet gives to times in 2000 to 2100, counted from 1900. */
const spreadsheetDays = /^(?:3[6-9]|[4-6]\d|7[0-2])\d{3}[.,]\d{3,}$/;
/** The number of years after which the calendar repeats. */
const cycleYears = 400;
const cycleMs = 146_097 * dayMs;

/**
 * Finds the unit of Unix times that puts them in 2000 to 2100. Returns milliseconds when no unit does, or there are no
 * numbers.
 *
 * @param fields the first ones, in COPY text
 * @throws ZenError `failed` when their units differ, or they are fractions of an unknown unit
 */
export function guessUnit(fields: readonly string[], path: string): TimeUnit {
  const numbers = fields.filter((field) => readNumber(field, 'ms') !== undefined);
  const [example = ''] = numbers;
  if (numbers.length > 0 && numbers.every((field) => spreadsheetDays.test(field) || withoutMarks.test(field)))
    throw new ZenError(
      'failed',
      `${path}: ts is “${excerpt(example)}”, ${withoutMarks.test(example) ? 'a date without separators' : 'a number of days, as spreadsheets count them'}. Format that column as yyyy-mm-dd hh:mm:ss.000, and make the file again.`,
    );
  const units = numbers.flatMap((field) => timeUnits.find((unit) => isOfOurTime(field, unit)) ?? []);
  const [unit = 'ms'] = units;
  const count = units.filter((each) => each === 'ms').length;
  if (
    units.every((each) => each === unit) &&
    (units.length > 0 || !numbers.some((text) => /[.,e]/i.test(text) || isFarAhead(text)))
  )
    return unit;
  if (count > units.length / 2) return 'ms'; // the summary reports the others
  const others = [...new Set(units)].map((each) => unitNames[each]);
  const held = others.length > 1 ? `numbers in ${others.join(' and in ')}` : `“${excerpt(example)}”`;
  throw new ZenError(
    'failed',
    `${path}: ts has ${held}, so its unit is not certain. Say --time-unit ${timeUnits.join('|')}.`,
  );
}

/** Milliseconds whose year no calendar has, so they mean something else. */
function isFarAhead(field: string): boolean {
  return Number(readNumber(field, 'ms')) > farMs;
}

function isOfOurTime(field: string, unit: TimeUnit): boolean {
  const ms = Number(readNumber(field, unit));
  return ms >= year2000 && ms < year2100;
}

/**
 * Converts a time to Unix milliseconds, dropping finer digits.
 *
 * @param field of COPY text: a number in that unit, or a timestamp
 * @param row its number, for an error
 * @throws ZenError `failed` for another text
 */
export function readTime(field: string, unit: TimeUnit, row: number, path: string): string {
  if (field === '\\N' || (unit === 'ms' && /^-?\d+$/.test(field))) return field;
  const read = readNumber(field, unit) ?? readTimestamp(field.trim());
  if (read !== undefined) return read;
  const remedy = isNullWord(field)
    ? `Say --null ${quoteArgument(field)} if that means NULL.`
    : /^\d[.,]\d+e/i.test(field)
      ? 'An exponent hides its last digits: export it again as a whole number.'
      : 'Zen reads Unix time with all its digits, and 2019-09-24 18:00:00.5 with -, / or T, and with +03, Z or UTC at its end.';
  throw new ZenError(
    'failed',
    `${path}, row ${row} of the log: ts is “${excerpt(field)}”, which is not a time. Nothing was changed. ${remedy}`,
  );
}

/** Shifts the decimal point to milliseconds; undefined for anything but a number, or if an exponent hides digits. */
function readNumber(field: string, unit: TimeUnit): string | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = number.exec(field.trim()) ?? [];
  const shift = Number(exponent) - decimals[unit] + decimals.ms;
  if (whole === '' || Number(exponent) > fraction.length) return undefined;
  const digits = `${whole}${fraction}${'0'.repeat(Math.max(0, shift - fraction.length))}`;
  const end = whole.length + shift;
  const ms = BigInt(`0${digits.slice(0, Math.max(0, end))}`);
  const isCut = /[1-9]/.test(digits.slice(Math.max(0, end)));
  return String(sign === '-' ? -ms - (isCut ? 1n : 0n) : ms);
}

/**
 * Reads a timestamp as PostgreSQL writes it (DateStyle ISO or German), or in ISO 8601; UTC unless it carries an offset.
 * Offsets may have seconds, years five digits and more. Undefined for other text.
 */
function readTimestamp(text: string): string | undefined {
  const found = timestampForm.exec(text.replace(basicForm, '$1-$2-$3T$4:$5:$6'));
  if (!found) return undefined;
  const [, first, , month = found[6], day = found[5], , , last = ''] = found;
  const [minute = '', second = ':00', fraction = '', sign, ...ahead] = found.slice(8);
  const year = first ?? last;
  const cycles = year.length > 4 ? Math.floor(Number(year) / cycleYears) - 5 : 0;
  const near = cycles === 0 ? year : String(Number(year) - cycles * cycleYears);
  const time = Date.parse(
    `${near}-${month}-${day}T${minute}${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`,
  );
  const ms = time + cycles * cycleMs - readOffset(sign, ahead);
  const isDay = new Date(time).getUTCDate() === Number(day) || minute.startsWith('24'); // not February 30
  return isDay && Number.isSafeInteger(ms) ? String(ms) : undefined;
}

/** Tells whether a field is a timestamp that names no time zone. */
export function lacksZone(field: string): boolean {
  const text = field.trim();
  return readTimestamp(text) !== undefined && !zoneAtEnd.test(text);
}

/** Converts hours, minutes and seconds to milliseconds. */
function readOffset(sign: string | undefined, [hours = '', minutes = '', seconds = '']: string[]): number {
  if (!sign) return 0;
  const ms = 1000 * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  return sign === '-' ? -ms : ms;
}
