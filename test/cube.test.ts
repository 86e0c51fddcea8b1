import { describe, expect, test } from '@jest/globals';
import { between, mulberry32 } from '../fixtures/random.ts';
import { VarintReader, VarintWriter } from '../src/shared/data/varint.ts';
import { buildCells, decodeCells, eachCell, encodeCells, finish } from '../src/shared/data/cells.ts';
import type { Cell, Cells } from '../src/shared/data/cells.ts';
import { Cube, unlessLate } from '../src/shared/data/cube.ts';
import { addMarginal, toRollup } from '../src/shared/data/marginals.ts';

interface Row {
  codes: number[];
  minute: number;
  value: number;
  count: number;
}

/** Rows by chance: as many cells as asked for, of which each has rows in some of the minutes. */
function invent(seed: number, sizes: number[], minutes: number, counted: boolean): Row[] {
  const random = mulberry32(seed);
  const rows: Row[] = [];
  const codes = (rest: number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : codes(rest.slice(1)).flatMap((tail) =>
          Array.from({ length: rest[0] ?? 0 }, (_, code) => [code, ...tail]),
        );
  for (const cell of codes(sizes)) {
    const often = random();
    for (let minute = 0; minute < minutes; minute++) {
      if (random() < often * 0.8) continue;
      rows.push({
        codes: cell,
        minute,
        value: between(random, 1, 50),
        count: counted ? between(random, 1, 9) : 1,
      });
    }
  }
  return rows;
}

function toCells(sizes: number[], rows: Row[], counted = false): Cells {
  const cells = new Map<string, Row[]>();
  for (const row of rows) cells.set(row.codes.join(), [...(cells.get(row.codes.join()) ?? []), row]);
  return buildCells(
    sizes,
    [...cells.values()].map((own): Cell => ({
      codes: own[0]?.codes ?? [],
      minutes: own.map(({ minute }) => minute),
      values: own.map(({ value }) => value),
      counts: counted ? own.map(({ count }) => count) : undefined,
    })),
  );
}

function toRows(cells: Cells): Row[] {
  return [...eachCell(cells)].flatMap(({ codes, minutes, values, counts }) =>
    Array.from({ length: minutes.length }, (_, at) => ({
      codes,
      minute: minutes[at] ?? -1,
      value: values[at] ?? -1,
      count: counts?.[at] ?? 1,
    })),
  );
}

const sorted = (rows: Row[]) => rows.map((row) => JSON.stringify(row)).sort();

describe('bytes', () => {
  test('keep whole numbers up to 2⁵³', () => {
    const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
    const writer = new VarintWriter();
    for (const number of numbers) writer.write(number);
    const reader = new VarintReader(writer.bytes);
    expect(numbers.map(() => reader.read())).toEqual(numbers);
    expect(() => reader.read()).toThrow('ends too early');
  });
});

describe('cells', () => {
  test.each([
    ['no rows', []],
    ['one row', [{ codes: [1, 0], minute: 5, value: 7, count: 1 }]],
    ['a value above 2³¹', [{ codes: [0, 1], minute: 0, value: 2 ** 31 + 5, count: 1 }]],
    [
      'values that add up to more than 2³²',
      [0, 1, 2].map((minute) => ({ codes: [2, 2], minute, value: 2 ** 31 + minute, count: 1 })),
    ],
    ['a minute beyond 2¹⁶', [{ codes: [0, 0], minute: 70_000, value: 1, count: 1 }]],
  ])('are the same after encode and decode: %s', (_, rows) => {
    const cells = toCells([3, 3], rows);
    expect(decodeCells(encodeCells(cells), 2)).toEqual(cells);
    expect(sorted(toRows(cells))).toEqual(sorted(rows));
  });

  test('are the same after encode and decode with 65,537 names', () => {
    const rows = Array.from({ length: 65_537 }, (_, code) => ({
      codes: [code, code],
      minute: code % 60,
      value: 1,
      count: 1,
    }));
    const cells = toCells([65_537, 65_537], rows);
    expect(decodeCells(encodeCells(cells), 2)).toEqual(cells);
  });

  test('are the same after encode and decode, 60 tables by chance', () => {
    for (let seed = 0; seed < 60; seed++) {
      const sizes = [1 + (seed % 4), 1 + (seed % 3), 1 + (seed % 5)];
      const rows = invent(seed, sizes, 1 + (seed % 90), seed % 2 === 0);
      const cells = toCells(sizes, rows, seed % 2 === 0);
      expect(decodeCells(encodeCells(cells), 3)).toEqual(cells);
      expect(sorted(toRows(cells))).toEqual(sorted(rows));
    }
  });

  test('that end too early are refused', () => {
    const bytes = encodeCells(toCells([2, 2], invent(1, [2, 2], 30, false)));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeCells(bytes.slice(0, length), 2)).toThrow('ends too early');
    }
  });
});

describe('a cube', () => {
  test('adds up what a walk over all rows does, 300 questions by chance', () => {
    const sizes = [4, 3, 5];
    for (const counted of [false, true]) {
      const rows = invent(7, sizes, 120, counted);
      const cube = new Cube(toCells(sizes, rows, counted));
      const random = mulberry32(11);
      for (let question = 0; question < 150; question++) {
        const by = [0, 1, 2].filter(() => random() < 0.4);
        const only = sizes.map((size) =>
          random() < 0.5 ? null : Uint8Array.from({ length: size }, () => (random() < 0.6 ? 1 : 0)),
        );
        const from = between(random, 0, 119);
        const to = between(random, from, 120);
        const step = between(random, 1, 20);
        const number = Math.ceil((to - from) / step);
        const slots =
          random() < 0.5
            ? { of: Uint16Array.from({ length: to - from }, (_, at) => Math.floor(at / step)), number }
            : undefined;
        expect(cube.ask({ by, only, from, to, slots })).toEqual(
          walk(rows, by, only, from, to, slots ? step : null, number),
        );
      }
    }
  });
});

describe('a cube without its rows', () => {
  const sizes = [4, 3, 5];
  const rows = invent(7, sizes, 120, false);
  const period = { start: 0, end: 120 * 60_000, ladder: [] };
  const fields = ['item_topic', 'age_segment', 'source_topic'];
  const cells = toCells(sizes, rows);
  const marginals = [
    { fields, step: null },
    { fields: ['item_topic', 'age_segment'], step: 30 },
    { fields: [], step: 1 },
  ].map((marginal) => ({ ...marginal, cells: addMarginal(period, fields, cells, marginal) }));
  const sums = marginals.map((marginal) => toRollup(period, fields, marginal));
  const slots = (from: number, to: number, step: number) => ({
    of: Uint16Array.from({ length: to - from }, (_, at) => Math.floor(at / step)),
    number: Math.ceil((to - from) / step),
  });
  const all = [null, null, null];
  const some = [Uint8Array.of(1, 0, 1, 1), null, null];
  const source = [null, null, Uint8Array.of(1, 0, 0, 0, 1)];

  test.each([
    ['all of the period by any name', { by: [2], only: source, from: 0, to: 120 }, null, true],
    ['topics in whole steps', { by: [0], only: some, from: 0, to: 120 }, 30, true],
    ['topics in longer steps', { by: [0, 1], only: some, from: 0, to: 120 }, 60, true],
    ['a period of whole steps', { by: [1], only: some, from: 30, to: 90 }, null, true],
    ['each minute of all', { by: [], only: all, from: 7, to: 119 }, 1, true],
    ['a period to the minute by topic', { by: [0], only: all, from: 30, to: 91 }, null, false],
    ['topics in shorter steps', { by: [0], only: all, from: 0, to: 120 }, 20, false],
    ['whole steps by source', { by: [2], only: all, from: 30, to: 90 }, null, false],
    ['each minute of some topics', { by: [], only: some, from: 0, to: 120 }, 1, false],
  ])('tells at once, or not at all, and then with them: %s', (_, question, step, isKnown) => {
    const { by, only, from, to } = question;
    const asked = { ...question, slots: step === null ? undefined : slots(from, to, step) };
    const cube = new Cube(null, sums);
    const told = walk(rows, by, only, from, to, step, Math.ceil((to - from) / (step ?? 1)));
    expect(unlessLate(() => cube.ask(asked))).toEqual(isKnown ? told : null);
    finish(cube.fill(cells));
    expect(cube.ask(asked)).toEqual(told);
  });
});

/** The same, row by row. */
function walk(
  rows: Row[],
  by: number[],
  only: (Uint8Array | null)[],
  from: number,
  to: number,
  step: number | null,
  number: number,
): unknown[] {
  const length = step === null ? 1 : number;
  const groups = new Map<string, { codes: number[]; sums: Float64Array; counts: Float64Array }>();
  for (const { codes, minute, value, count } of rows) {
    if (minute < from || minute >= to || only.some((mask, at) => mask && !mask[codes[at] ?? 0])) continue;
    const own = by.map((dimension) => codes[dimension] ?? 0);
    const group = groups.get(own.join()) ?? {
      codes: own,
      sums: new Float64Array(length),
      counts: new Float64Array(length),
    };
    groups.set(own.join(), group);
    const slot = step === null ? 0 : Math.floor((minute - from) / step);
    group.sums[slot] = (group.sums[slot] ?? 0) + value;
    group.counts[slot] = (group.counts[slot] ?? 0) + count;
  }
  return [...groups.values()].sort((a, b) => {
    const at = a.codes.findIndex((code, index) => code !== b.codes[index]);
    return (a.codes[at] ?? 0) - (b.codes[at] ?? 0);
  });
}
