import { ZenError } from '../errors.ts';
import { buildCells, eachCell, pick } from '../shared/data/cells.ts';
import type { Cell, Cells } from '../shared/data/cells.ts';
import { mapValues } from '../shared/known.ts';
import type { Payload } from '../shared/data/payload.ts';
import { hourMs, minuteMs } from '../time.ts';
import { pack } from './pack.ts';
import { eachLonger } from './people.ts';

/** A payload, and the same packed. */
export interface Packed {
  payload: Payload;
  packed: string;
}

/** Takes of the people what has to go: the shorter steps, then all of them. */
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
 * Makes a payload small enough by adding up the minutes of its oldest part to hours, no more of it than needed.
 *
 * @param room characters that the packed payload may take
 * @throws ZenError `failed` when even hours do not fit; `rest` (bytes) is what else the page takes
 */
export function fit({ payload, packed }: Packed, room: number, rest: number): Packed {
  if (packed.length <= room) return { payload, packed };
  const { start, end } = payload;
  const hours = packHours(payload, end);
  if (hours.packed.length > room) {
    const [least, allowed] = [hours.packed.length + rest, room + rest].map((bytes) =>
      (bytes / 1e6).toFixed(2),
    );
    throw new ZenError(
      'failed',
      `The page takes ${least} MB even with hours for minutes, more than the ${allowed} MB allowed. ` +
        `Render a shorter period (--start-dt), or allow more (--max-size).`,
    );
  }
  let share = (room - hours.packed.length) / (packed.length - hours.packed.length);
  for (;;) {
    const until = Math.ceil((end - share * (end - start)) / hourMs) * hourMs;
    if (until >= end) return hours;
    const found = packHours(payload, until);
    if (found.packed.length <= room) return found;
    share *= 0.96;
  }
}

function packHours(payload: Payload, until: number): Packed {
  return repack(coarsen(payload, until));
}

/** The payload with hours for the minutes before a time (Unix milliseconds). An hour stands at its start, or the period's. */
export function coarsen(payload: Payload, until: number): Payload {
  const base = Math.floor(payload.start / minuteMs) * minuteMs;
  const limit = Math.ceil((until - base) / minuteMs);
  const hourOf = (minute: number) =>
    Math.max(0, (Math.floor((base + minute * minuteMs) / hourMs) * hourMs - base) / minuteMs);
  const each = (cells: Cells) =>
    buildCells(
      cells.sizes,
      [...eachCell(cells)].map((cell) =>
        addUpHour(cell, (minute) => (minute < limit ? hourOf(minute) : minute)),
      ),
    );
  return {
    ...payload,
    coarse: { until, step: hourMs },
    tables: mapValues(payload.tables, (table) => ({ ...table, cells: each(table.cells) })),
  };
}

/** A cell whose rows that come to stand at the same minute are one, which counts them. */
function addUpHour({ codes, minutes, values, counts }: Cell, placeOf: (minute: number) => number): Cell {
  const [places, sums, numbers] = [[] as number[], [] as number[], [] as number[]];
  for (let row = 0; row < minutes.length; row++) {
    const place = placeOf(pick(minutes, row));
    const last = places.length - 1;
    const [value, number] = [pick(values, row), counts ? pick(counts, row) : 1];
    if (places[last] === place) {
      sums[last] = pick(sums, last) + value;
      numbers[last] = pick(numbers, last) + number;
    } else {
      places.push(place);
      sums.push(value);
      numbers.push(number);
    }
  }
  return { codes, minutes: places, values: sums, counts: numbers };
}
