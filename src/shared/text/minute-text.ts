import { dayMs } from '../units.ts';

const clock = String.raw`(?<hour>\d{1,2}):(?<minute>\d{2})`;
const dotted = String.raw`(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})`;
const dashed = String.raw`(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})`;
const forms = [`${dotted}(?:[ ,T]+${clock})?`, `${dashed}(?:[ ,T]+${clock}Z?)?`, clock].map(
  (form) => new RegExp(`^${form}$`, 'd'),
);

type Unit = 'year' | 'month' | 'day' | 'hour' | 'minute';

/** Writes a minute in UTC for a language: `24.09.2019 18:53` when dates have dots, else `2019-09-24 18:53`. */
export function formatMoment(ms: number, language: string): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split(/[T.]/);
  const dots = new Intl.DateTimeFormat(language).formatToParts().some(({ value }) => value === '.');
  return `${dots ? date.split('-').reverse().join('.') : date} ${time.slice(0, 5)}`;
}

/**
 * Reads a minute in UTC in either form, in any language. A time alone belongs to the day of `known`. A day alone is its
 * start or, as the end of a period, its end.
 *
 * @param known Unix milliseconds
 * @returns Unix milliseconds; NaN when it is no time
 */
export function parseMoment(text: string, known: number, isEnd: boolean): number {
  const parts = matchForm(text.trim())?.groups;
  if (!parts) return NaN;
  const [today = ''] = new Date(known).toISOString().split('T');
  const { year, month, day, hour, minute } = parts;
  const two = (part = '00') => part.padStart(2, '0');
  const date = day === undefined ? today : `${year ?? ''}-${two(month)}-${two(day)}`;
  const ms = Date.parse(`${date}T${two(hour)}:${two(minute)}Z`);
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(date)) return NaN; // 31 February
  return hour === undefined && isEnd ? ms + dayMs : ms;
}

/** Changes the part of a time at the caret by one; undefined when the caret is in none. */
export function stepMoment(text: string, caret: number, by: 1 | -1): number | undefined {
  const places: Record<string, [number, number] | undefined> = matchForm(text)?.indices?.groups ?? {};
  const unit = Object.entries(places).find(
    ([, place]) => place && place[0] <= caret && caret <= place[1],
  )?.[0];
  const ms = parseMoment(text, 0, false);
  if (unit === undefined || Number.isNaN(ms)) return undefined;
  const date = new Date(ms);
  stepBy[unit as Unit](date, by);
  return date.getTime();
}

const stepBy: Record<Unit, (date: Date, by: number) => void> = {
  year: (date, by) => date.setUTCFullYear(date.getUTCFullYear() + by),
  month: (date, by) => date.setUTCMonth(date.getUTCMonth() + by),
  day: (date, by) => date.setUTCDate(date.getUTCDate() + by),
  hour: (date, by) => date.setUTCHours(date.getUTCHours() + by),
  minute: (date, by) => date.setUTCMinutes(date.getUTCMinutes() + by),
};

function matchForm(text: string): RegExpExecArray | undefined {
  for (const form of forms) {
    const found = form.exec(text);
    if (found) return found;
  }
  return undefined;
}
