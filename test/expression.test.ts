import { describe, expect, test } from '@jest/globals';
import { parse, View } from 'vega';
import { parseExpression } from 'vega-expression';
import { expressionInterpreter } from 'vega-interpreter';
import { compileChart } from '../src/render/charts.ts';
import { expressions } from '../src/shared/vega/expression.ts';
import { feed } from '../src/shared/vega/bind-data.ts';
import { cases } from './support/cases.ts';
import { charts, choose, payload, source, tables } from './support/invented.ts';

describe.each(charts)('%s', (name) => {
  const chart = compileChart(name, source(name), payload.tables);
  const open = (expr: object) => {
    const view = new View(parse(chart.spec, undefined, { ast: true }), { expr, renderer: 'none' });
    feed(view, chart.tables, tables);
    return view;
  };

  const times = cases(40);

  test(`is the same picture, evaluated by Vega’s interpreter or as here, over ${times} random selections`, async () => {
    const views = [open(expressionInterpreter), open(expressions)];
    for (const view of views) await view.runAsync();
    for (let time = 0; time < times; time++) {
      const chosen = choose();
      const pictures = await Promise.all(
        views.map(async (view) => {
          for (const [signal, value] of Object.entries(chosen)) view.signal(signal, value);
          const picture = await (await view.runAsync()).toSVG();
          return picture.replaceAll(/clip\d+/g, 'clip'); // Vega numbers them across views
        }),
      );
      expect(pictures[1]).toBe(pictures[0]);
    }
  });
});

describe('an expression', () => {
  const functions = { double: (x: number) => x * 2, add: (a: number, b = 0, c = 0) => a + b + c };
  const evaluate = (text: string, expr: typeof expressionInterpreter) => {
    const made = expr.parameter({ functions }, { ast: parseExpression(text) }) as (
      ...scope: unknown[]
    ) => unknown;
    return made({ a: 2, b: 'x', list: [1, 2], none: null, empty: '' }, { $signal: 7, $names: ['p', 'q'] });
  };

  test.each([
    ['datum.a', 2],
    ['datum["b"]', 'x'],
    ['datum.list[1] + signal', 9],
    ['names[datum.a - 1]', 'q'],
    ['datum.missing', undefined],
    ['signal % 4 * 2 / 3 - 1', 1],
    ['[datum.a < 2, datum.a <= 2, datum.a > 2, datum.a >= 2]', [false, true, false, true]],
    ['[datum.a === 2, datum.a !== 2, datum.a == "2", datum.a != "2"]', [true, false, true, false]],
    ['datum.empty || datum.b && datum.none', null],
    ['!datum.empty ? -datum.a : +datum.b', -2],
    ['datum.b ? +"3" : 0', 3],
    ['{"one": datum.a, two: [signal]}', { one: 2, two: [7] }],
    ['double(datum.a) + add(1, 2) + add(1, 2, 3)', 13],
    ['if(datum.none, double("no"), "yes")', 'yes'],
    ['max(datum.a, signal) + ceil(PI)', 11],
    ['test(/x/, datum.b)', true],
    ['unknown', undefined],
  ])('%s is %p, as Vega’s interpreter finds', (text, expected) => {
    expect([evaluate(text, expressionInterpreter), evaluate(text, expressions)]).toEqual([
      expected,
      expected,
    ]);
  });

  test.each(['datum.constructor', 'datum["toString"]', 'names.map'])('gives no function away: %s', (text) => {
    expect(evaluate(text, expressions)).toBeUndefined();
  });

  test('that fails does so here, too', () => {
    for (const expr of [expressionInterpreter, expressions])
      expect(() => evaluate('datum.none.a', expr)).toThrow(TypeError);
  });
});
