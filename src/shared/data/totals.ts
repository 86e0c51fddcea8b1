import { pick } from './cells.ts';
import type { Cells, Outline } from './cells.ts';
import { countedBy } from './payload.ts';
import type { Payload, Sketch } from './payload.ts';

/** The events, and the measure's sum and the database rows of each aggregate. */
export type Totals = { events: number } & Record<`${string}_rows` | `${string}_sum`, number>;

/** Returns the events, and the rows and sums of each aggregate, on a page. */
export function sumUp(page: Payload | Sketch): Totals {
  const tables: Record<string, { cells: Cells | Outline }> = page.tables;
  const events = sumOf(countedBy({ ...page, tables }, 'events').cells);
  const each = Object.entries(tables).map(([name, { cells }]) => ({
    [`${name}_rows`]: countRows(cells),
    [`${name}_sum`]: sumOf(cells),
  }));
  return Object.assign({ events }, ...each) as Totals;
}

function sumOf(table: Cells | Outline): number {
  return 'sums' in table ? pick(table.sums, table.sums.length - 1) : table.sum;
}

/** Counts the database rows behind a table. */
export function countRows(table: Cells | Outline): number {
  return 'rows' in table ? table.rows : (table.counts?.at(-1) ?? table.minutes.length);
}
