import type { Translate } from '../shared/text/messages.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';
import { notify } from './notice.ts';

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', dayMs],
  ['hour', hourMs],
  ['minute', minuteMs],
];

/** The numbers are made every night; two hours are for the night itself. */
const promised = 26 * hourMs;

/** Says how old the numbers are now, and warns when they should have been updated. */
export function tellAge(language: string, t: Translate): void {
  const time = document.getElementById('aggregated');
  if (!(time instanceof HTMLTimeElement)) return;
  const age = Math.max(0, Date.now() - Date.parse(time.dateTime));
  const unit = units.find(([, size]) => age >= size);
  const ago = unit
    ? new Intl.RelativeTimeFormat(language).format(-Math.floor(age / unit[1]), unit[0])
    : t('just now');
  time.append(` (${ago})`);
  if (age > promised) notify('age', (time.dataset.old ?? '').replace('{ago}', ago));
}
