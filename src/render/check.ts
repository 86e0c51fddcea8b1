import type { Check } from '../errors.ts';
import { messageOf, ZenError } from '../errors.ts';
import { compileChart, drawFirst, drawsPeople, listCharts, readChart } from './charts.ts';
import { listSources, requireFields } from './fields.ts';
import { findCounting, listAggregates } from '../log/aggregates.ts';
import type { Columns } from '../log/aggregates.ts';
import { requireDimensions } from './narrow.ts';
import type { Where } from './narrow.ts';
import { readExtensions, readOwn } from '../files.ts';
import { findLost, listUntranslated, readLocale, writersOf } from './locale.ts';
import { lookFiles, readLogo, readStyle } from './looks.ts';
import { requireFilters } from './layout.ts';
import { findIn } from './page.ts';
import { addFilters } from './panels.ts';
import type { DescribedTables } from './panels.ts';
import { buildCells } from '../shared/data/cells.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import type { Tables } from '../shared/data/table.ts';
import { mapValues } from '../shared/known.ts';
import { dayMs } from '../time.ts';

/**
 * Checks that each chart can be drawn.
 *
 * @param columns of the aggregates that charts may draw from; null when no database lists their fields
 * @param pages besides the dashboard
 */
export async function checkCharts(
  columns: Record<string, Columns> | null,
  pages: readonly { where?: Where }[],
): Promise<Check[]> {
  const tables =
    columns && mapValues(columns, ({ dimensions, measure }) => ({ fields: dimensions, measure }));
  return [...checkLooks(), ...checkPages(tables, pages), ...(await checkLayout(tables))];
}

/** Checks that each page filters only by counted fields. */
function checkPages(tables: DescribedTables | null, pages: readonly { where?: Where }[]): Check[] {
  if (!tables) return [];
  return pages.flatMap(({ where = {} }): Check[] => {
    try {
      const counting = { events: findCounting('events').name, users: findCounting('users').name };
      requireDimensions({ counting, tables }, Object.keys(where));
      return [];
    } catch (error) {
      return [{ state: 'fault', text: messageOf(error) }];
    }
  });
}

/** Checks the charts, unless zen.json names a chart or filter that does not exist. */
async function checkLayout(tables: DescribedTables | null): Promise<Check[]> {
  try {
    if (tables) requireFilters(Object.values(tables).flatMap(({ fields }) => fields));
    return await checkEach(tables);
  } catch (error) {
    return [{ state: 'fault', text: messageOf(error) }];
  }
}

/** Checks the styles of the project's pages, and its languages. */
function checkLooks(): Check[] {
  const looks = Object.values(lookFiles).filter((file) => readOwn(file) !== undefined);
  const own = readExtensions('templates/locales').filter(({ isOwn }) => isOwn);
  const look = (file: string, read: () => string): Check => {
    try {
      const note = read();
      return note === '' ? { state: 'fine', text: `${file}: can be used` } : { state: 'note', text: note };
    } catch (error) {
      return { state: 'fault', text: messageOf(error) };
    }
  };
  return [
    ...looks.map((file) => look(file, () => (file === lookFiles.logo ? readLogo() : readStyle()) && '')),
    ...own.map(({ name, path }) =>
      look(path, () => {
        const lost = findLost(name);
        if (lost)
          throw new ZenError(
            'usage',
            `${path} lacks ${lost.place} in “${lost.text}”. Put it where the value belongs.`,
          );
        const missing = listUntranslated(name);
        if (missing.length === 0) return '';
        const texts = missing.map((text) => `“${text}”`).join(', ');
        return `${path} lacks ${missing.length} texts, which stay English: ${texts}`;
      }),
    ),
  ];
}

async function checkEach(tables: DescribedTables | null): Promise<Check[]> {
  const own = readExtensions('templates/charts').flatMap(({ name, isOwn }) => (isOwn ? [name] : []));
  const invented = inventTables(tables ?? {});
  const english = readLocale('en');
  const aggregates = listAggregates().map(({ name }) => name);
  const check = async (name: string): Promise<Check> => {
    const path = `templates/charts/${name}.vl.json`;
    try {
      const read = readChart(name, { period: { start: 0, end: 1 }, ladder: [] }, (text) => text);
      const source = addFilters(read, tables ?? {});
      const isUnsound = (drawn: string) =>
        tables !== null && !(drawn in tables) && aggregates.includes(drawn);
      if (listSources(source).some(isUnsound))
        return { state: 'note', text: `${path} is not looked at yet: its aggregate has a mistake.` };
      if (tables) requireFields(name, source, tables);
      const chart = compileChart(name, source, tables ?? {});
      if (tables && own.includes(name) && !drawsPeople(source))
        findIn(chart.panel, (await drawFirst(chart, invented, english)).rows, writersOf(english).write);
      return tables === null || chart.left.length === 0
        ? { state: 'fine', text: `${path}: compiles` }
        : { state: 'note', text: `${path} cannot be answered from columns, so that it is slow to filter.` };
    } catch (error) {
      return { state: 'fault', text: messageOf(error) };
    }
  };
  const checks: Check[] = [];
  for (const name of listCharts()) checks.push(await check(name));
  return checks;
}

/** Builds tables of one row each, to test whether charts can be drawn without reading the log. */
function inventTables(tables: DescribedTables): Tables {
  const name = 'a';
  const fields = Object.values(tables).flatMap((table) => table.fields);
  return tabulatePayload({
    ...{ start: 0, end: dayMs, ladder: [], gaps: [], merged: null, people: null },
    dimensions: Object.fromEntries(fields.map((field) => [field, [name]])),
    events: [{ event: name, name, rank: 0, step: true }],
    topics: [{ name, color: '#888888', rank: 0 }],
    tables: mapValues(tables, ({ fields: own, measure }) => {
      const cell = { codes: own.map(() => 0), minutes: [0], values: [1] };
      return {
        fields: own,
        measure,
        cells: buildCells(
          own.map(() => 1),
          [cell],
        ),
      };
    }),
    counting: { events: '', users: '' },
  });
}
