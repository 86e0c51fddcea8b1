import { ZenError } from '../errors.ts';
import { moveCells, pick } from '../shared/data/cells.ts';
import { mapValues } from '../shared/known.ts';
import { placeSteps } from '../shared/ladder.ts';
import type { Ladder } from '../shared/ladder.ts';
import type { Payload } from '../shared/data/payload.ts';
import { minuteMs } from '../time.ts';
import { pack } from './pack.ts';
import { eachLonger } from './people.ts';
import { listLadders } from './steps.ts';

/** A payload, and the same packed. */
export interface Packed {
  payload: Payload;
  packed: string;
}

/** Drops the people that do not fit: the shorter steps, then everything. */
export function fitPeople(whole: Packed, room: number): Packed {
  const { people, start } = whole.payload;
  if (!people || whole.packed.length <= room) return whole;
  for (const longer of eachLonger(people, start)) {
    const found = repack({ ...whole.payload, people: longer });
    if (found.packed.length <= room) return found;
  }
  return repack({ ...whole.payload, people: null });
}

function repack(payload: Payload): Packed {
  return { payload, packed: pack(payload) };
}

/**
 * Makes a payload small enough by longer steps, the longer the older its rows are: by the finest of the usual ladders that fits.
 *
 * @param room characters that the packed payload may take
 * @throws ZenError `failed` when even days do not fit; `rest` (bytes) is what else the page takes
 */
export function fit(whole: Packed, room: number, rest: number): Packed {
  const { payload, packed } = whole;
  if (packed.length <= room) return whole;
  const ladders = listLadders(payload, payload.ladder);
  const make = (at: number) => repack(coarsen(payload, pick(ladders, at)));
  let large = { at: -1, length: packed.length };
  let small = ladders.length - 1;
  let best = make(small);
  if (best.packed.length > room) {
    const [least, allowed] = [best.packed.length + rest, room + rest].map((bytes) =>
      (bytes / 1e6).toFixed(2),
    );
    throw new ZenError(
      'failed',
      `The page takes ${least} MB even in steps of a day, more than the ${allowed} MB allowed. ` +
        `Render a shorter period (--start-dt), or allow more (--max-size).`,
    );
  }
  for (let share = true; small - large.at > 1; share = !share) {
    // Sizes fall the slower the further down: a guess by their logarithms, then one in the middle.
    const part = Math.log(large.length / room) / Math.log(large.length / best.packed.length);
    const guess = share ? Math.round(part * (small - large.at)) : (small - large.at) >> 1;
    const at = large.at + Math.min(Math.max(guess, 1), small - large.at - 1);
    const found = make(at);
    if (found.packed.length > room) large = { at, length: found.packed.length };
    else {
      small = at;
      best = found;
    }
  }
  return best;
}

/** The payload in the steps of a ladder, none of which is shorter than its own. A step stands at its start, or the period's. */
export function coarsen(payload: Payload, ladder: Ladder): Payload {
  if (ladder.length === 0) return payload;
  const places = placeSteps(ladder, payload, minuteMs);
  return {
    ...payload,
    ladder,
    tables: mapValues(payload.tables, (table) => ({
      ...table,
      cells: moveCells(table.cells, table.cells.sizes, (codes) => codes, places),
    })),
  };
}
