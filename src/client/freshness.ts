import { notify } from './notice.ts';

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** The numbers are made every night; two hours are for the night itself. */
const promised = 26 * 3_600_000;

/** Says how old the numbers are at this moment, and warns when they should have been made anew. */
export function tellAge(language: string): void {
  const time = document.getElementById('aggregated');
  if (!(time instanceof HTMLTimeElement)) return;
  const age = Math.max(0, Date.now() - Date.parse(time.dateTime));
  const [unit, size] = units.find(([, size]) => age >= size) ?? ['minute', 60_000];
  const ago = new Intl.RelativeTimeFormat(language).format(-Math.floor(age / size), unit);
  time.append(` (${ago})`);
  if (age > promised) notify('age', (time.dataset.old ?? '').replace('{ago}', ago));
}
