import { isOfPeople, listOfPeople } from '../people/sources.ts';
import { toRows } from '../data/table.ts';
import type { Tables } from '../data/table.ts';
import { mapValues, valueOf } from '../known.ts';
import { everything } from '../selection.ts';

/** The part of Vega's View that takes data (vega-view). */
interface View {
  signal(name: string, value: unknown): unknown;
  data(name: string, rows: object[]): unknown;
}

/** Gives a view, before its first run, the data of its chart: columns to query, and rows for named data sources. */
export function feed(view: View, names: readonly string[], tables: Tables): void {
  view.signal('tables', tables);
  const { aggregates, lookUps } = tables;
  const rows: Record<string, () => object[]> = {
    ...mapValues(aggregates, (table) => () => toRows(table)),
    ...mapValues(lookUps, (found) => () => found.map((row) => ({ ...row }))),
  };
  for (const name of names)
    view.data(name, isOfPeople(name) ? listOfPeople(name, tables, everything) : valueOf(rows, name)());
}
