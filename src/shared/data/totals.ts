import { pick } from './cells.ts';
import type { Cells, Outline } from './cells.ts';
import { countedBy } from './payload.ts';
import type { Payload, Sketch } from './payload.ts';

/** The events, and of each aggregate the sum of its measure, and its rows in the database. */
export type Totals = { events: number } & Record<`${string}_rows` | `${string}_sum`, number>;

/** The events, and the rows and sums of each aggregate, that a page holds of its period. */
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

/** The rows of the database that a table holds. */
export function countRows(table: Cells | Outline): number {
  return 'rows' in table ? table.rows : (table.counts?.at(-1) ?? table.minutes.length);
}
