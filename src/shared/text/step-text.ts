import { stepAt } from '../ladder.ts';
import type { Ladder } from '../ladder.ts';
import { dayMs, hourMs, minuteMs } from '../units.ts';
import type { Writer } from './format.ts';
import { joinNames } from './names.ts';

/** Says in which steps the rows of a page are, and until when; empty when they are in minutes. */
export function describeLadder(ladder: Ladder, write: Writer): string {
  if (ladder.length === 0) return '';
  const rungs = ladder.map(({ until, minutes }) =>
    write.t('{step} until {time}', {
      step: describeStep(minutes * minuteMs, write),
      time: write.time(until, true),
    }),
  );
  return write.t(
    'The older the numbers, the longer their steps, so that this file can be sent: {rungs} UTC.',
    {
      rungs: joinNames(rungs, write, '; '),
    },
  );
}

/** Says that a chosen period consists of whole steps, when these are longer than minutes. */
export function describeSnap(ladder: Ladder, [start, end]: readonly [number, number], write: Writer): string {
  const [first, last] = [stepAt(ladder, start), stepAt(ladder, end - 1)];
  if (first === minuteMs) return '';
  const [one, other] = [describeStep(first, write), describeStep(last, write)];
  return first === last
    ? write.t('The period is in whole steps of {step}.', { step: one })
    : write.t('The period is in whole steps: {one} at its start, {other} at its end.', { one, other });
}

/** Writes a length of time in the unit that it is whole in. */
export function describeStep(step: number, { t }: Writer): string {
  if (step < hourMs) return t('{minutes minute|minutes}', { minutes: step / minuteMs });
  if (step < dayMs) return t('{hours hour|hours}', { hours: step / hourMs });
  return t('{days day|days}', { days: step / dayMs });
}
