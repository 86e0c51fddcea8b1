import type { Grid, Query } from '../shared/data/query.ts';
import { valueOf } from '../shared/known.ts';
import { longSteps } from '../shared/ladder.ts';
import { minuteMs } from '../time.ts';
import type { LookUps } from '../shared/data/table.ts';

/** A transform of a compiled specification (Vega, "Transforms"). */
type VegaTransform = Record<string, unknown> & { type: string };

interface Source {
  name: string;
  source?: string;
  transform?: VegaTransform[];
}

interface Signal {
  name: string;
  value?: unknown;
  update?: string;
  bind?: { element?: string };
}

/** A compiled specification, as far as it is used here. */
export interface CompiledSpec {
  data: Source[];
  signals: Signal[];
  marks: Mark[];
}

interface Mark {
  from?: { data?: string; facet?: { name?: string; data?: string } };
  sort?: unknown;
  encode?: { update?: Record<string, unknown> };
  marks?: Mark[];
}

/**
 * Pushes the leading transforms of a chart's data down into one `cube` transform, which answers from columns. It takes
 * all it recognises, at least the filters and the aggregate; the rest stays with Vega. The rows are the same, so the
 * specification remains the definition.
 *
 * @param tables the aggregates, with their measures
 * @returns the specification, and the data sources that read an aggregate and could not be pushed down
 */
export function pushDown<Spec>(
  spec: Spec,
  tables: Record<string, { measure: string }>,
): { spec: Spec; left: string[] } {
  const compiled = spec as unknown as CompiledSpec;
  const pushed = new Set<string>();
  const left: string[] = [];
  const data = compiled.data.map((source) => {
    const { source: table } = source;
    if (table === undefined || !Object.hasOwn(tables, table)) return source;
    const { measure } = valueOf(tables, table);
    const found = recognise(table, measure, source.transform ?? [], compiled.signals);
    if (!found) {
      left.push(source.name);
      return source;
    }
    pushed.add(source.name);
    return { name: source.name, transform: [found.cube, ...found.rest] };
  });
  const used = new Set(data.map(({ source }) => source));
  return {
    spec: {
      ...spec,
      data: data.filter(({ name }) => !Object.hasOwn(tables, name) || used.has(name)),
      signals: [{ name: 'tables', value: null }, ...compiled.signals],
      marks: compiled.marks.map((mark) => lighten(mark, pushed)),
    },
    left,
  };
}

/** The steps of a pipeline, taken one by one from the front. */
class Steps {
  readonly #steps: VegaTransform[];

  constructor(steps: readonly VegaTransform[]) {
    this.#steps = [...steps];
  }

  /** Takes the next step, when it has that type and `accept` finds what it needs. */
  take<Found>(type: string, accept: (step: VegaTransform) => Found | null | undefined): Found | undefined {
    const [step] = this.#steps;
    const found = step?.type === type ? accept(step) : undefined;
    if (found === undefined || found === null) return undefined;
    this.#steps.shift();
    return found;
  }

  get rest(): VegaTransform[] {
    return this.#steps;
  }
}

function recognise(
  table: string,
  measure: string,
  transform: readonly VegaTransform[],
  signals: Signal[],
): { cube: VegaTransform; rest: VegaTransform[] } | null {
  const steps = new Steps(transform);
  steps.take('formula', (step) => step.expr === 'toDate(datum["dt"])' && step.as === 'dt');
  const chosen: { field: string; signal: string }[] = [];
  let selection;
  while ((selection = steps.take('filter', (step) => readSelection(step, signals)))) chosen.push(selection);
  const shown = steps.take('filter', readPeriod);
  const stride = steps.take('formula', (found) => readStride(found, 'datum.dt'));
  const step = steps.take('formula', (found) => readStep(found, stride));
  const aggregate = steps.take('aggregate', (found) => readAggregate(found, measure));
  if (!shown || !aggregate || (step && !aggregate.groupby.includes(step.field))) return null;
  if (aggregate.groupby.includes('dt')) return null;
  const groupby = aggregate.groupby.filter((field) => field !== step?.field);
  const query: Query = {
    table,
    ...aggregate,
    groupby,
    time: step?.field,
    where: chosen.map(({ field }) => field),
    grid: step ? readGrid(steps, groupby, aggregate.measures, { shown, signals, ...step }) : undefined,
  };
  return {
    cube: {
      type: 'cube',
      tables: { signal: 'tables' },
      query,
      chosen: chosen.map(({ signal }) => ({ signal })),
      shown: { signal: shown },
      step: step ? { signal: step.signal } : Number.MAX_SAFE_INTEGER,
    },
    rest: steps.rest,
  };
}

/**
 * Matches the expression that Vega-Lite compiles from `{"filter": {"param": …}}` for a point selection of one field
 * bound to an element.
 */
function readSelection({ expr }: VegaTransform, signals: Signal[]): { field: string; signal: string } | null {
  const [, name] =
    /^!length\(data\("(\w+)_store"\)\) \|\| vlSelectionTest\("\1_store", datum\)$/.exec(String(expr)) ?? [];
  const fields = signals.find((signal) => signal.name === `${name}_tuple_fields`)?.value as
    { type: string; field: string }[] | undefined;
  const [only, more] = fields ?? [];
  if (more || only?.type !== 'E') return null;
  const signal = `${name}_${only.field}`;
  const isBound = signals.some(({ name, bind }) => name === signal && bind?.element !== undefined);
  return isBound ? { field: only.field, signal } : null;
}

function readPeriod({ expr }: VegaTransform): string | undefined {
  return /^(\w+)\[0\] <= datum\.dt && datum\.dt < \1\[1\]$/.exec(String(expr))?.[1];
}

/** The field for the length of a row's step: a signal's, or that of the page's rows at the time if longer. */
interface Stride {
  signal: string;
  field: string;
}

function readStride({ expr, as }: VegaTransform, time: string): Stride | null {
  const signal = /^max\((\w+), /.exec(String(expr))?.[1];
  return signal !== undefined && expr === writeStride(signal, time) ? { signal, field: String(as) } : null;
}

/** Builds the expression of a stride, from the parameter `ladder`. */
function writeStride(signal: string, time: string): string {
  const each = longSteps.map((minutes, at) => `${time} < ladder[${at}] ? ${minutes * minuteMs} : `);
  return `max(${signal}, ${each.join('')}${minuteMs})`;
}

/** The start of a step. Vega keeps the result of a formula, so it must not overwrite the minute itself. */
interface Step {
  signal: string;
  field: string;
  stride: Stride | undefined;
}

function readStep({ expr, as }: VegaTransform, stride: Stride | undefined): Step | null {
  const length = stride ? `datum.${stride.field}` : /^floor\(datum\.dt \/ (\w+)\)/.exec(String(expr))?.[1];
  if (length === undefined || as === 'dt' || expr !== `floor(datum.dt / ${length}) * ${length}`) return null;
  return { signal: stride?.signal ?? length, field: String(as), stride };
}

function readAggregate(step: VegaTransform, measure: string): Pick<Query, 'groupby' | 'measures'> | null {
  const [groupby, ops, fields, as] = [step.groupby, step.ops, step.fields, step.as] as string[][];
  const known = Object.keys(step).every((key) => ['type', 'groupby', 'ops', 'fields', 'as'].includes(key));
  if (!known || !groupby || !ops || !as || new Set(fields).size !== 1) return null;
  if (fields?.[0] !== measure) return null;
  const measures = ops.map((op, index) => ({ op, as: as[index] ?? '' }));
  if (!measures.every(({ op, as }) => (op === 'sum' || op === 'mean') && as !== '')) return null;
  return { groupby, measures: measures as Query['measures'] };
}

/** Takes the steps that make a history of the sums, as many as are recognised; undefined without the first. */
function readGrid(
  steps: Steps,
  series: string[],
  measures: Query['measures'],
  { shown, signals, signal: step, field: time, stride: own }: Step & { shown: string; signals: Signal[] },
): Grid | undefined {
  const value = measures[0]?.as;
  const longest = own ? writeStride(step, `${shown}[0]`) : '';
  const first = own ? signals.find(({ update }) => update === longest)?.name : step;
  const sequence = `sequence(floor(${shown}[0] / ${first}) * ${first},${shown}[1] + ${step},${step})`;
  const imputed = steps.take(
    'impute',
    (found) =>
      measures.length === 1 &&
      found.field === value &&
      found.key === time &&
      found.method === 'value' &&
      found.value === 0 &&
      (found.keyvals as { signal?: string }).signal === sequence &&
      same(found.groupby, series),
  );
  if (!imputed) return undefined;
  const stride = own && steps.take('formula', (found) => readStride(found, `datum.${time}`)?.field);
  const isBegun = ({ expr }: VegaTransform) =>
    expr === `datum.${time} % datum.${stride} === 0` ? true : null;
  if (own && (stride === undefined || !steps.take('filter', isBegun))) return { stride };
  const alias = steps.take('formula', ({ expr, as }) => (expr === `datum.${time}` ? String(as) : null));
  if (alias !== 'dt') return { stride };
  const perMinute =
    `datum.${value} && datum.${value} * 60000 / ` +
    `(min(datum.dt + ${stride === undefined ? step : `datum.${stride}`}, ${shown}[1]) - max(datum.dt, ${shown}[0]))`;
  const rate = steps.take('formula', ({ expr, as }) => (expr === perMinute ? String(as) : null));
  const lookup = steps.take('lookup', (step) => readLookUp(step, series));
  const total = steps.take('joinaggregate', ({ ops, fields, groupby, as }) =>
    same(ops, ['sum']) && same(fields, [value]) && same(groupby, ['dt']) ? (as as string[])[0] : null,
  );
  const part = `datum.${value} && datum.${value} / datum.${total}`;
  const share = steps.take('formula', ({ expr, as }) => (expr === part ? String(as) : null));
  const sortable = [...series, ...(lookup?.values ?? [])];
  const stack = steps.take('stack', ({ field, groupby, sort, as, offset }) => {
    const { field: by, order } = sort as { field: string[]; order: string[] };
    const [only] = by;
    const isOurs = field === (share ?? rate ?? value) && same(groupby, ['dt']) && offset === 'zero';
    if (!isOurs || !only || by.length > 1 || !sortable.includes(only) || !same(order, ['ascending']))
      return null;
    return { sort: only, as: as as [string, string] };
  });
  return { stride, alias, rate, lookup, total, share, stack };
}

/** The tables whose rows have ranks. */
const ranked: readonly string[] = ['topics', 'events'] satisfies (keyof LookUps)[];

function readLookUp(
  { from, key, fields, values, as }: VegaTransform,
  series: string[],
): Grid['lookup'] | null {
  const [field = ''] = fields as string[];
  if (!ranked.includes(from as string) || key !== 'rank' || as !== undefined) return null;
  return series.includes(field) ? { from: from as keyof LookUps, field, values: values as string[] } : null;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Removes a mark's guards against rows that the transform never returns: out of order, or not numbers. */
function lighten(mark: Mark, pushed: Set<string>): Mark {
  const { from, marks, encode } = mark;
  const facet = from?.facet;
  if (facet?.name && pushed.has(facet.data ?? '')) pushed.add(facet.name);
  const light = marks ? { ...mark, marks: marks.map((inner) => lighten(inner, pushed)) } : { ...mark };
  if (!pushed.has(from?.data ?? '') || !encode?.update) return light;
  const update = Object.fromEntries(
    Object.entries(encode.update).map(([channel, rules]) => [channel, withoutGuard(rules)]),
  ) as Record<string, unknown>;
  const lightened: Mark = { ...light, encode: { ...encode, update } };
  if (same(light.sort, { field: 'x' })) delete lightened.sort;
  return lightened;
}

function withoutGuard(rules: unknown): unknown {
  if (!Array.isArray(rules)) return rules;
  const kept = rules.filter(
    (rule: { test?: string }) =>
      !/^!isValid\(datum\["\w+"\]\) \|\| !isFinite\(\+datum\["\w+"\]\)$/.test(rule.test ?? ''),
  );
  return kept.length === 1 ? kept[0] : kept;
}
