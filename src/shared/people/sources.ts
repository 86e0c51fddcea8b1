import type { Row, Tables } from '../data/table.ts';
import { valueOf } from '../known.ts';
import type { Selection } from '../selection.ts';
import { listPeople } from './funnel.ts';
import { listRetention } from './retention.ts';

/** The data about people, by the name under which charts draw them. */
const sources = { people: listPeople, retention: listRetention };

/** Tells whether a chart draws data about people, which a page may lack, and whose rows are made for each selection. */
export function isOfPeople(source: string): boolean {
  return Object.hasOwn(sources, source);
}

/** Returns the rows of such data for a selection. */
export function listOfPeople(source: string, tables: Tables, selection: Selection): Row[] {
  const list: (tables: Tables, selection: Selection) => object[] = valueOf(sources, source);
  return list(tables, selection).map((row) => ({ ...row }));
}
