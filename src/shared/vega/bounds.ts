import { expressionFunction } from 'vega';
import { transforms } from 'vega-dataflow';

/** Loads nothing, because a chart has all that it draws; Vega itself would fetch, and in Node read files. */
function loadNothing(): Promise<never> {
  return Promise.reject(new Error('A chart loads nothing.'));
}

export const noLoader = { load: loadNothing, sanitize: loadNothing, http: loadNothing, file: loadNothing };

/**
 * The most numbers that an expression may list, and letters that it may add; then the most for all expressions until
 * other work gets its turn.
 */
const [mostListed, mostAtOnce] = [100_000, 2_000_000];
/** The length from which results are counted together; shorter ones may occur in every row. */
const long = 100;

/**
 * The most rows that a transform may make from others: any number up to the first, a small multiple of its input up to
 * the second.
 */
const [fewRows, mostRows, mostTimes] = [200_000, 2_000_000, 4];

/** Limits functions that could fill memory or never end, given one number or a few rows. Calling it again changes nothing. */
export function boundVega(): void {
  for (const [name, lengthOf] of Object.entries(functions)) once(name, () => boundFunction(name, lengthOf));
  for (const [name, countMade] of Object.entries(makers)) once(name, () => boundTransform(name, countMade));
}

const bounded = new Set<string>();

/** Limits what is registered with Vega so far; a page registers its transforms after its functions. */
function once(name: string, bound: () => boolean): void {
  if (!bounded.has(name) && bound()) bounded.add(name);
}

/** Expression functions (vega-functions), with the length of their results. */
const functions: Record<string, (...args: never[]) => number> = {
  sequence: (start: number, stop?: number, step = 1) => (stop === undefined ? start : (stop - start) / step),
  pad: (_text: unknown, length: number) => length,
  format: (_value: unknown, format: unknown) => widthOf(format),
  timeSequence: lengthOfTimes,
  utcSequence: lengthOfTimes,
};

/** The width in a format of numbers (d3-format, "formatSpecifier"). */
function widthOf(format: unknown): number {
  return Number(/(\d+)(?:,|\.\d|~|[a-z%]|$)/i.exec(String(format))?.[1] ?? 0);
}

/** An upper bound: all other units are at least minutes. */
function lengthOfTimes(unit: string, start: number, stop: number, step = 1): number {
  const shortest = { milliseconds: 1, seconds: 1e3 }[unit] ?? 6e4;
  return (stop - start) / step / shortest;
}

let listed = 0;

/** Counts long results made before other work gets its turn. */
function countAtOnce(length: number): number {
  if (length < long) return 0;
  if (listed === 0)
    setTimeout(() => {
      listed = 0;
    });
  return (listed += length);
}

function boundFunction(name: string, lengthOf: (...args: never[]) => number): boolean {
  const own = expressionFunction(name) as (this: unknown, ...args: never[]) => unknown;
  expressionFunction(name, function (this: unknown, ...args: never[]) {
    const length = lengthOf(...args);
    if (!(length <= mostListed && countAtOnce(length) <= mostAtOnce))
      throw new Error(`${name} would be of ${length}, which is too long.`);
    return own.apply(this, args);
  });
  return true;
}

type Field = (row: object) => unknown;

interface Params {
  fields?: Field[];
  key?: Field;
  keyvals?: unknown[];
  groupby?: Field[];
  steps?: number;
  minsteps?: number;
  maxsteps?: number;
  probs?: number[];
  extent?: number[];
  step?: number;
}

/** Transforms that make rows from others (vega-transforms), with the most that they would make. */
const makers: Record<string, (params: Params, rows: readonly object[]) => number> = {
  flatten: ({ fields = [] }, rows) => {
    const lengthOf = (row: object) =>
      Math.max(...fields.map((field) => Number((field(row) as ArrayLike<unknown> | null)?.length)));
    return rows.reduce((sum, row) => sum + (lengthOf(row) || 0), 0);
  },
  fold: ({ fields = [] }, rows) => rows.length * fields.length,
  impute: ({ key, keyvals = [], groupby = [] }, rows) =>
    (keyvals.length + countGroups(key ? [key] : [], rows)) * countGroups(groupby, rows),
  kde: ({ steps, minsteps = 25, maxsteps = 200, groupby = [] }, rows) =>
    (steps ?? Math.max(minsteps, maxsteps)) * countGroups(groupby, rows),
  // Each bin has a tick, which takes much longer than a row.
  bin: ({ extent: [from = 0, to = 0] = [], step = Infinity }) => (20 * (to - from)) / step,
  quantile: ({ probs, step = 0.01, groupby = [] }, rows) =>
    (probs?.length ?? 1 / step) * countGroups(groupby, rows),
};

function countGroups(fields: readonly Field[], rows: readonly object[]): number {
  const [field] = fields;
  const keyOf =
    field && fields.length === 1 ? field : (row: object) => fields.map((each) => each(row)).join();
  return new Set(rows.map(keyOf)).size;
}

interface Transform {
  transform: (this: Transform, params: Params, pulse: { source?: object[]; add: object[] }) => unknown;
}

function boundTransform(name: string, countMade: (typeof makers)[string]): boolean {
  const { prototype } = (transforms[name] ?? {}) as { prototype?: Transform };
  if (!prototype) return false;
  const own = prototype.transform;
  prototype.transform = function (params, pulse) {
    const from = pulse.source ?? pulse.add;
    const rows = countMade(params, from);
    if (!(rows <= Math.max(fewRows, Math.min(mostRows, mostTimes * from.length))))
      throw new Error(`${name} would make ${rows} rows, which are too many.`);
    return own.call(this, params, pulse);
  };
  return true;
}
