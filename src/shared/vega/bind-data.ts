import { listPeople } from '../people/funnel.ts';
import { toRows } from '../data/table.ts';
import type { Tables } from '../data/table.ts';
import { everything } from '../selection.ts';

/** The part of Vega's View that takes data (vega-view). */
interface View {
  signal(name: string, value: unknown): unknown;
  data(name: string, rows: object[]): unknown;
}

/** Gives a view, before it first runs, what its chart draws from: columns to query, and rows for the data sources named. */
export function feed(view: View, names: readonly string[], tables: Tables): void {
  view.signal('tables', tables);
  const { visits, engagement, topics, events, gaps, silences, labels } = tables;
  const lookUps = { topics, events, gaps, silences, labels };
  for (const name of names) {
    if (name === 'visits') view.data(name, toRows(visits));
    else if (name === 'engagement') view.data(name, toRows(engagement));
    else if (name === 'people') view.data(name, listPeople(tables, everything));
    else
      view.data(
        name,
        lookUps[name as keyof typeof lookUps].map((row) => ({ ...row })),
      );
  }
}
