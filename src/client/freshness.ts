import { known } from '../shared/known.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';
import { notify } from './notice.ts';

/** The last one is for less than a minute, of which there are none: “now”. */
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', dayMs],
  ['hour', hourMs],
  ['minute', minuteMs],
  ['second', Infinity],
];

/** The numbers are made every night; two hours are for the night itself. */
const promised = 26 * hourMs;

/** Says how old the numbers are now, and warns when they should have been updated. */
export function tellAge(language: string): void {
  const time = document.getElementById('aggregated');
  if (!(time instanceof HTMLTimeElement)) return;
  const age = Math.max(0, Date.now() - Date.parse(time.dateTime));
  const [unit, size] = known(units.find(([, size]) => age >= size || size === Infinity));
  const number = Math.floor(age / size);
  const numeric = number === 0 ? 'auto' : 'always';
  const ago = new Intl.RelativeTimeFormat(language, { numeric }).format(-number, unit);
  time.append(` (${ago})`);
  if (age > promised) notify('age', (time.dataset.old ?? '').replace('{ago}', ago));
}
