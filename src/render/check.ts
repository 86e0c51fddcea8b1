import type { Check } from '../errors.ts';
import { messageOf } from '../errors.ts';
import { compileChart, listCharts, readChart } from './charts.ts';
import { requireFields } from './fields.ts';
import type { Columns } from '../log/aggregates.ts';
import { mapValues } from '../shared/known.ts';

/**
 * Looks whether each chart can be drawn.
 *
 * @param columns of the aggregates that charts may draw from; null where no database tells their fields
 */
export function checkCharts(columns: Record<string, Columns> | null): Check[] {
  const tables =
    columns && mapValues(columns, ({ dimensions, measure }) => ({ fields: dimensions, measure }));
  return listCharts().map((name) => {
    try {
      const source = readChart(name, { period: { start: 0, end: 1 }, coarse: null }, (text) => text);
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
