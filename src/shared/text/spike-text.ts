import type { LookUp } from '../data/table.ts';
import type { Selection } from '../selection.ts';
import type { Spike } from '../spikes.ts';
import type { Writer } from './format.ts';
import { isolate } from './names.ts';

/**
 * Returns the captions of spikes on a plot, for chosen topics or for all names if none is chosen. Each has a line of
 * its own.
 */
export function captionSpikes(
  spikes: readonly Spike[],
  { names: { item_topic: chosen = null } }: Pick<Selection, 'names'>,
  write: Writer,
): LookUp {
  return spikes
    .filter(({ field, name }) => chosen === null || (field === 'item_topic' && chosen.includes(name)))
    .map(({ start, name, events, usual }, line) => ({
      ...{ start, line },
      caption: write.t('{time} “{name}” {growth}', {
        time: write.time(start, false),
        name: isolate(name),
        growth: usual < 1 ? write.signed(events) : `×${write.number(Math.round(events / usual))}`,
      }),
    }));
}
