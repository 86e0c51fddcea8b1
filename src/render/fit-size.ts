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

/** A payload, and its packed form. */
export interface Packed {
  payload: Payload;
  packed: string;
}

/** Reduces people to fit: drops the shorter steps, then everything. */
export async function fitPeople(whole: Packed, room: number): Promise<Packed> {
  const { people, start } = whole.payload;
  if (!people || whole.packed.length <= room) return whole;
  for (const longer of eachLonger(people, start)) {
    const found = await repack({ ...whole.payload, people: longer }, whole.packed);
    if (found.packed.length <= room) return found;
  }
  return repack({ ...whole.payload, people: null }, whole.packed);
}

/** The guesses that usually find a ladder: each packs the page, which takes seconds when it is large. */
const goodTries = 4;

async function repack(payload: Payload, packed?: string): Promise<Packed> {
  return { payload, packed: await pack(payload, packed) };
}

/**
 * Shrinks a payload by longer steps, which grow with the age of its rows, using the finest usual ladder that fits.
 *
 * @param room the most characters of the packed payload
 * @throws ZenError `failed` when even days do not fit; `rest` is the size of everything else, in bytes
 */
export async function fit(whole: Packed, room: number, rest: number): Promise<Packed> {
  const { payload, packed } = whole;
  if (packed.length <= room) return whole;
  const ladders = listLadders(payload, payload.ladder);
  const make = (at: number) => repack(coarsen(payload, pick(ladders, at)));
  let large = { at: -1, length: packed.length };
  let small = ladders.length - 1;
  let best = await make(small);
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
  for (let tries = 0; small - large.at > 1; tries++) {
    // Each ladder saves less than the one before, so guess by logarithms. When that does not lead there, also take the middle.
    const part = Math.log(large.length / room) / Math.log(large.length / best.packed.length);
    const guess =
      tries < goodTries || tries % 2 === 0 ? Math.round(part * (small - large.at)) : (small - large.at) >> 1;
    const at = large.at + Math.min(Math.max(guess, 1), small - large.at - 1);
    const found = await make(at);
    if (found.packed.length > room) large = { at, length: found.packed.length };
    else {
      small = at;
      best = found;
    }
  }
  return best;
}

/**
 * Returns the payload in the steps of a ladder, none shorter than its own. A step is dated by its own start, or the
 * period's.
 */
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
