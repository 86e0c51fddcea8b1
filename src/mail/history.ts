import { buildCells, pick } from '../shared/data/cells.ts';
import type { Cell } from '../shared/data/cells.ts';
import { scan } from '../shared/data/payload.ts';
import type { Parts, Payload } from '../shared/data/payload.ts';
import { valueOf } from '../shared/known.ts';
import { rest } from '../shared/topics.ts';
import { minuteMs } from '../shared/units.ts';
import { translator } from '../shared/text/messages.ts';
import { readLocale } from '../render/locale.ts';
import type { LocaleName } from '../render/locale.ts';

/** A history as a picture shows it, and its topics, the largest first. */
export interface History {
  /** With events alone, in steps that the chart's own are whole numbers of. */
  payload: Payload;
  topics: { name: string; color: string }[];
}

/** The areas of a picture, each of which its key names: those of the smallest topics are one, as on the page. */
const mostAreas = 9;

/**
 * Reads of a page's data what the picture of its history needs. Rows are read twice and never kept, for a page may have as
 * many as it likes.
 *
 * @param data what `verify` has found whole
 * @param language in which the topics that have no area of their own are called others
 */
export function readHistory(data: Parts, language: LocaleName): History {
  const others = translator(readLocale(language))('others');
  const { start, end, topics, dimensions, tables, counting, ...head } = scan(data);
  const { fields, measure } = valueOf(tables, counting.events);
  const [field = ''] = fields;
  const items = valueOf(dimensions, field);
  const sums = new Float64Array(items.length);
  scan(data, (item, _, value) => (sums[item] = pick(sums, item) + value));
  const sorted = [...sums.keys()].toSorted((a, b) => pick(sums, b) - pick(sums, a));
  const own = sorted.slice(0, items.length > mostAreas ? mostAreas - 1 : mostAreas);
  const areas = new Map(own.toSorted((a, b) => a - b).map((item, area) => [item, area]));
  const known = new Map(topics.map((topic) => [topic.name, topic]));
  const shown = own.map((item) => {
    const name = pick(items, item);
    return known.get(name) ?? { name, color: '#888888', rank: 0 };
  });
  const names = [...areas.keys()].map((item) => pick(items, item));
  if (own.length < items.length) names.push(others);
  const step = stepOf(end - start);
  const base = Math.floor(start / minuteMs);
  const rows = names.map(() => new Map<number, number>());
  scan(data, (item, minute, value) => {
    const row = pick(rows, areas.get(item) ?? own.length);
    const at = Math.max(0, Math.floor((base + minute) / step) * step - base);
    row.set(at, (row.get(at) ?? 0) + value);
  });
  const cells = rows.map((row, area): Cell => {
    const sorted = [...row].toSorted(([a], [b]) => a - b);
    const [minutes, values] = [sorted.map(([minute]) => minute), sorted.map(([, value]) => value)];
    return { codes: [area], minutes, values };
  });
  const last = { name: others, color: rest, rank: items.length + topics.length };
  const told = [...shown, ...(own.length < items.length ? [last] : [])];
  return {
    payload: {
      ...{ ...head, start, end, counting, people: null },
      dimensions: { [field]: names },
      topics: told,
      tables: {
        [counting.events]: {
          fields: [field],
          measure,
          cells: buildCells(
            [names.length],
            cells.filter(({ minutes }) => minutes.length > 0),
          ),
        },
      },
    },
    topics: told,
  };
}

/** Minutes that all steps of the chart for a period of that length are a whole number of (templates/charts/history.vl.json). */
function stepOf(length: number): number {
  const minutes = length / (360 * minuteMs);
  return minutes <= 5 ? 1 : minutes <= 60 ? 15 : minutes <= 360 ? 60 : 1440;
}
