import { ZenError } from '../errors.ts';
import { readExtensions, readShipped } from '../files.ts';
import type { Extension } from '../files.ts';
import { known } from '../shared/known.ts';
import type { Panel } from '../shared/panels.ts';
import { listAbsent } from '../log/source.ts';
import { usualFilters } from '../shared/selection.ts';
import { suggest } from '../suggest.ts';

/** Parts of a page that zen.json chooses. */
export interface Layout {
  /** The fields to filter by. */
  filters?: readonly string[];
  /** The charts, in their order. */
  panels?: readonly string[];
}

let own: Layout = {};

/** Has pages made as zen.json says; without a project, as they ship. */
export function useLayout(layout: Layout): void {
  own = layout;
}

/** The fields that pages filter by, those aside that the log does not have. */
export function listFilters(): string[] {
  return (own.filters ?? usualFilters).filter((field) => !listAbsent().includes(field));
}

/** The fields of which a page has a control, if only a hidden one: charts that ship are bound to those of topics and ages. */
export function listControls(): string[] {
  return [...new Set([...usualFilters, ...listFilters()])];
}

/**
 * The files of the charts of a page: those that zen.json names, in its order; else all.
 *
 * @throws ZenError `usage` for a name that no chart has
 */
export function readCharts(): Extension[] {
  const all = readExtensions('templates/charts');
  const names = all.map(({ name }) => name);
  const unknown = own.panels?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ZenError(
      'usage',
      `zen.json has the panel “${unknown}”, and no chart has that name. ${suggest(unknown, names)}`,
    );
  return own.panels?.map((name) => known(all.find((chart) => chart.name === name))) ?? all;
}

/** The panels of a page in their order. One of them is always in the main area, where the table of topics stands: the first, where none is of it. */
export function arrange<Drawn extends { panel: Panel }>(charts: readonly Drawn[]): Drawn[] {
  const sorted = own.panels ? [...charts] : [...charts].sort((a, b) => a.panel.order - b.panel.order);
  const [first, ...rest] = sorted;
  if (!first) throw new ZenError('usage', 'The page has no panel: zen.json names none that has data here.');
  if (sorted.some(({ panel }) => panel.area === 'main')) return sorted;
  return [{ ...first, panel: { ...first.panel, area: 'main' } }, ...rest];
}

/**
 * @param dimensions of all aggregates
 * @throws ZenError `usage` for a filter by what no aggregate has, and for one whose control would be named as something else of the page
 */
export function requireFilters(dimensions: readonly string[]): void {
  const refuse = (field: string, why: string) =>
    new ZenError('usage', `zen.json filters by “${field}”, ${why}`);
  const unknown = listFilters().find((field) => !dimensions.includes(field));
  if (unknown !== undefined)
    throw refuse(
      unknown,
      `which no aggregate of the page has. ${suggest(unknown, [...new Set(dimensions)])}`,
    );
  const ids = [...readShipped('templates/page.hbs').matchAll(/ id="([\w-]+)"/g)].map(([, id]) => id);
  const charts = readExtensions('templates/charts').map(({ name }) => name);
  const taken = [...ids, ...charts, 'ages', 'from', 'to'];
  const doubled = listFilters().find((field) => taken.includes(field));
  if (doubled !== undefined)
    throw refuse(doubled, 'a name that the page has for something else. Name the column otherwise.');
}
