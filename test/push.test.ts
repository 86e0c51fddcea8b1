import { describe, expect, test } from '@jest/globals';
import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { compileChart } from '../src/render/charts.ts';
import type { DescribedTables } from '../src/render/panels.ts';
import { coarsen } from '../src/render/fit-size.ts';
import type { Ladder } from '../src/shared/ladder.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { feed } from '../src/shared/vega/bind-data.ts';
import type { Row } from '../src/shared/data/table.ts';
import { cases } from './support/cases.ts';
import { charts, choose, payload, source, sources, tables } from './support/invented.ts';

/** As Vega-Lite compiles it. */
const plainly = {};

function open(name: string, of: DescribedTables = payload.tables, ladder: Ladder = []): Opened {
  const chart = compileChart(name, source(name, ladder), of);
  const view = new View(parse(chart.spec));
  feed(view, chart.tables, ladder.length > 0 ? tabulatePayload(coarsen(payload, ladder)) : tables);
  return { view, rows: () => (view.data(chart.rows) as Row[]).map(tidy).sort() };
}

interface Opened {
  view: View;
  rows: () => string[];
}

/** A row as text, its fields in one order, its numbers to nine digits, and none of them half way between two. */
function tidy(row: Row): string {
  const fields = Object.entries(row)
    .filter(([name]) => name !== '_impute')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(
    fields.map(([name, value]) => [
      name,
      typeof value === 'number' ? Number((value * (1 + 1e-12)).toPrecision(9)) : value,
    ]),
  );
}

const ladder = [
  { until: Date.UTC(2026, 10, 23), minutes: 180 },
  { until: Date.UTC(2026, 10, 23, 5), minutes: 60 },
  { until: Date.UTC(2026, 10, 23, 9, 30), minutes: 30 },
];

describe.each([
  ...charts.map((name) => ({ name, of: 'minutes', steps: [] })),
  // The mean of the original's funnel stays one of minutes, of which Vega has no row.
  ...['history', 'sources'].map((name) => ({ name, of: 'longer steps by age', steps: ladder })),
])('$name of $of, pushed down', ({ name, steps }) => {
  const times = cases(300);

  test(`draws the rows that Vega filters and adds up itself, over ${times} random selections`, async () => {
    const [plain, pushed] = [open(name, plainly, steps), open(name, payload.tables, steps)];
    for (const { view } of [plain, pushed]) await view.runAsync(); // Vega-Lite's selections take up nothing before that
    for (let time = 0; time < times; time++) {
      const chosen = choose(steps);
      for (const { view } of [plain, pushed]) {
        for (const [signal, value] of Object.entries(chosen)) view.signal(signal, value);
        await view.runAsync();
      }
      expect(pushed.rows()).toEqual(plain.rows());
    }
  });
});

test.each(charts)('%s draws nothing for a choice that gives the same rows', async (name) => {
  const { view } = open(name);
  await view.runAsync();
  let drawn = 0;
  view.addDataListener(compileChart(name, source(name), payload.tables).rows, () => drawn++);
  const all = payload.dimensions.age_segment;
  await view.signal('ages_age_segment', all).runAsync();
  await view.signal('ages_age_segment', null).runAsync();
  expect(drawn).toBe(0);
  await view.signal('ages_age_segment', all?.slice(0, 1)).runAsync();
  expect(drawn).toBe(1);
});

test('an area keeps its points in the order of time when its topic takes another colour in a longer period', async () => {
  const own = tabulatePayload(payload);
  const chart = compileChart('history', source('history'), payload.tables);
  const view = new View(parse(chart.spec));
  feed(view, chart.tables, own);
  view.signal('period', [payload.start, payload.start + 3_600_000]);
  await view.runAsync();
  for (const topic of own.lookUps.topics) topic.tint = '#c3cad3';
  await view
    .signal('tables', { ...own })
    .signal('period', null)
    .runAsync();
  const points = (item: Scene): number[][] =>
    item.marktype === 'area'
      ? [(item.items ?? []).map(({ datum }) => datum?.dt ?? NaN)]
      : (item.items ?? []).flatMap(points);
  const areas = points((view.scenegraph() as unknown as { root: Scene }).root).filter(
    ({ length }) => length > 1,
  );
  expect(areas.length).toBeGreaterThan(1);
  for (const times of areas) expect(times).toEqual([...times].sort((a, b) => a - b));
});

interface Scene {
  marktype?: string;
  datum?: { dt: number };
  items?: Scene[];
}

describe('what is not recognised', () => {
  const steps = (name: string): Row[] => (source(name) as unknown as { transform: Row[] }).transform;

  test.each([
    ['a filter of another kind', (all: Row[]) => all.unshift({ filter: 'datum.visits > 1' })],
    [
      'another measure',
      (all: Row[]) =>
        Object.assign(all.find((step) => step.aggregate) ?? {}, {
          aggregate: [{ op: 'max', field: 'visits', as: 'visits' }],
        }),
    ],
    ['no period', (all: Row[]) => all.splice(2, 1)],
  ])('stays Vega’s, and is told: %s', async (_, change) => {
    const transform = steps('sources');
    change(transform);
    const chart = compileChart(
      'sources',
      { ...source('sources'), transform } as unknown as TopLevelSpec,
      payload.tables,
    );
    expect(chart.left).toEqual(['data_0']);
    const view = new View(parse(chart.spec));
    feed(view, chart.tables, tables);
    await view.runAsync();
    expect(view.data(chart.rows).length).toBe(sources.length);
  });

  test('after the aggregate stays Vega’s too, on the rows of the transform', async () => {
    const transform = steps('history');
    const lookup = transform.findIndex((step) => 'lookup' in step);
    transform.splice(lookup, 0, { calculate: '2 * datum.rate', as: 'double' });
    const changed = { ...source('history'), transform } as unknown as TopLevelSpec;
    const chart = compileChart('history', changed, payload.tables);
    expect(chart.left).toEqual([]);
    const kinds = (chart.spec.data ?? [])
      .find(({ name }) => name === 'data_0')
      ?.transform?.map(({ type }) => type);
    expect(kinds).toEqual(['cube', 'formula', 'lookup', 'joinaggregate', 'stack']);
    const [view, plain] = [new View(parse(chart.spec)), open('history')];
    feed(view, chart.tables, tables);
    await view.runAsync();
    await plain.view.runAsync();
    const rows = (view.data(chart.rows) as Row[]).map(({ double, ...row }) => {
      expect(double).toBe(2 * Number(row.rate));
      return tidy(row);
    });
    expect(rows.sort()).toEqual(plain.rows());
  });
});
