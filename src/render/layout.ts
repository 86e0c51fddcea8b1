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

/** Built-in charts that appear only when zen.json names them, to keep the required page small. */
const onRequest: readonly string[] = ['retention'];

let own: Layout = {};

/** Sets the layout of pages from zen.json; without a project, the built-in one. */
export function useLayout(layout: Layout): void {
  own = layout;
}

/** Lists the fields that pages filter by, except those the log lacks. */
export function listFilters(): string[] {
  return (own.filters ?? usualFilters).filter((field) => !listAbsent().includes(field));
}

/** Lists the fields that have a control on a page, perhaps hidden: built-in charts are bound to those of topics and ages. */
export function listControls(): string[] {
  return [...new Set([...usualFilters, ...listFilters()])];
}

/**
 * Lists the chart files of a page: those that zen.json names, in its order; otherwise all but those on request.
 *
 * @throws ZenError `usage` for an unknown chart
 */
export function readCharts(): Extension[] {
  const all = readExtensions('templates/charts');
  const names = all.map(({ name }) => name);
  const unknown = own.panels?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ZenError(
      'usage',
      `zen.json has the panel “${unknown}”, but no chart has that name. ${suggest(unknown, names)}`,
    );
  const chosen = own.panels ?? names.filter((name) => !onRequest.includes(name));
  return chosen.map((name) => known(all.find((chart) => chart.name === name)));
}

/**
 * Orders the charts of a page: those drawn within others come after those with their own panel. One of the latter, by
 * default the first, is in the main area with the topic table.
 *
 * @throws ZenError `usage` when no chart is left, or a chart lies within one that does not share its switch
 */
export function arrange<Drawn extends { panel: Panel }>(charts: readonly Drawn[]): Drawn[] {
  const found = own.panels ? [...charts] : [...charts].sort((a, b) => a.panel.order - b.panel.order);
  const sorted = found.filter(({ panel }) => panel.within === '');
  const [first, ...rest] = sorted;
  const inner = found.filter(({ panel }) => panel.within !== '' && hasHost(panel, charts));
  if (!first) throw new ZenError('usage', 'The page has no panel: zen.json names none that has data here.');
  if (sorted.some(({ panel }) => panel.area === 'main')) return [...sorted, ...inner];
  return [{ ...first, panel: { ...first.panel, area: 'main' } }, ...rest, ...inner];
}

/** Lists the panels of a page that share a place in turn with one, itself among them; none when it is alone. */
export function listChoices({ switch: one }: Panel, charts: readonly { panel: Panel }[]): Panel[] {
  const all = charts.flatMap(({ panel }) => (one && panel.switch?.name === one.name ? [panel] : []));
  return all.length < 2 ? [] : all;
}

/** Tells whether a panel appears only when its button is pressed. */
export function isSwitchedOff(panel: Panel, charts: readonly { panel: Panel }[]): boolean {
  const [first] = listChoices(panel, charts);
  return first !== undefined && first.name !== panel.name;
}

/** Tells whether the chart that contains another is on the page; zen.json may leave it out. */
function hasHost(
  { name, within, switch: one }: Panel,
  charts: readonly { panel: Pick<Panel, 'name' | 'within' | 'switch'> }[],
): boolean {
  const host = charts.find(({ panel }) => panel.name === within)?.panel;
  const isKnown = readExtensions('templates/charts').some((chart) => chart.name === within);
  if (isKnown && (!host || (host.within === '' && host.switch?.name === one?.name))) return Boolean(host);
  throw new ZenError(
    'usage',
    `templates/charts/${name}.vl.json: usermeta.zen.within is “${within}”, which is no chart with a panel and the same switch.`,
  );
}

/**
 * @param dimensions of all aggregates
 * @throws ZenError `usage` for a filter that no aggregate has, and for one whose control would clash with another name
 *   on the page
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
    throw refuse(doubled, 'a name that the page uses for something else. Rename the column.');
}
