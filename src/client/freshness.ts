import type { Translate } from '../shared/text/messages.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';
import { notify } from './notice.ts';

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', dayMs],
  ['hour', hourMs],
  ['minute', minuteMs],
];

/** A day, as numbers are updated every night, plus two hours for the nightly run. */
const promised = 26 * hourMs;

/** Says how old the numbers are, and warns when an update is overdue. */
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
