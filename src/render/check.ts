import type { Check } from '../errors.ts';
import { messageOf } from '../errors.ts';
import { compileChart, listCharts, readChart } from './charts.ts';
import { requireFields } from './fields.ts';
import type { Columns } from '../log/aggregates.ts';
import { readExtensions, readOwn } from '../files.ts';
import { listUntranslated } from './locale.ts';
import { lookFiles, readLogo, readStyle } from './looks.ts';
import { requireFilters } from './layout.ts';
import { addFilters } from './panels.ts';
import type { DescribedTables } from './panels.ts';
import { mapValues } from '../shared/known.ts';

/**
 * Looks whether each chart can be drawn.
 *
 * @param columns of the aggregates that charts may draw from; null where no database tells their fields
 */
export function checkCharts(columns: Record<string, Columns> | null): Check[] {
  const tables =
    columns && mapValues(columns, ({ dimensions, measure }) => ({ fields: dimensions, measure }));
  return [...checkLooks(), ...checkLayout(tables)];
}

/** Looks at the charts, unless zen.json names one or a filter that there is not. */
function checkLayout(tables: DescribedTables | null): Check[] {
  try {
    if (tables) requireFilters(Object.values(tables).flatMap(({ fields }) => fields));
    return checkEach(tables);
  } catch (error) {
    return [{ state: 'fault', text: messageOf(error) }];
  }
}

/** Looks at what the project's pages look like, and at its languages. */
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
        const missing = listUntranslated(name);
        if (missing.length === 0) return '';
        const texts = missing.map((text) => `“${text}”`).join(', ');
        return `${path} lacks ${missing.length} texts, which stay English: ${texts}`;
      }),
    ),
  ];
}

function checkEach(tables: DescribedTables | null): Check[] {
  return listCharts().map((name) => {
    try {
      const read = readChart(name, { period: { start: 0, end: 1 }, ladder: [] }, (text) => text);
      const source = addFilters(read, tables ?? {});
      if (tables) requireFields(name, source, tables);
      const { left } = compileChart(name, source, tables ?? {});
      const file = `templates/charts/${name}.vl.json`;
      return tables === null || left.length === 0
        ? { state: 'fine', text: `${file}: compiles` }
        : { state: 'note', text: `${file} cannot be answered from columns, so that it is slow to filter.` };
    } catch (error) {
      return { state: 'fault', text: messageOf(error) };
    }
  });
}
