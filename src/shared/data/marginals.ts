import { historySteps, placeSteps, stepFor } from '../ladder.ts';
import type { Ladder } from '../ladder.ts';
import { minuteMs } from '../units.ts';
import { usualFilters } from '../selection.ts';
import type { Window } from '../windows.ts';
import { finish } from './cells.ts';
import type { Cells } from './cells.ts';
import { rollUp } from './cube.ts';
import type { Rollup } from './cube.ts';

/**
 * Sums of a table that a page shows before its rows have been read: by some fields, in steps of that many minutes, or
 * in one step for the whole period (null).
 */
export interface Marginal {
  fields: string[];
  step: number | null;
}

type Stretched = Window & { ladder: Ladder };

/**
 * The marginals for a page's first questions: all cells, topics and ages by time, all events by the minute, users by
 * the day.
 */
export function listMarginals(
  { start, end }: Window,
  fields: string[],
  counted: 'events' | 'users' | null,
): Marginal[] {
  const whole = { fields, step: null };
  if (counted === null) return [whole];
  if (counted === 'users') return [whole, { fields, step: 1440 }];
  const step = stepFor((end - start) / minuteMs, historySteps);
  const chosen = usualFilters.filter((field) => fields.includes(field));
  return [whole, { fields: chosen, step }, { fields: [], step: 1 }];
}

/** Sums a table for a marginal. */
export function addMarginal(period: Stretched, fields: string[], cells: Cells, marginal: Marginal): Cells {
  return finish(rollUp(cells, keptOf(fields, marginal), stepPlacesOf(period, marginal)));
}

/** A marginal with its sums, in the form a cube queries. */
export function toRollup(
  period: Stretched,
  fields: string[],
  { cells, ...marginal }: Marginal & { cells: Cells },
): Rollup {
  return { cells, kept: keptOf(fields, marginal), places: stepPlacesOf(period, marginal) };
}

function keptOf(fields: string[], marginal: Marginal): boolean[] {
  return fields.map((field) => marginal.fields.includes(field));
}

function stepPlacesOf({ ladder, start, end }: Stretched, { step }: Marginal): Uint32Array {
  return step === null
    ? new Uint32Array(Math.ceil(end / minuteMs) - Math.floor(start / minuteMs))
    : placeSteps(ladder, { start, end }, step * minuteMs);
}
