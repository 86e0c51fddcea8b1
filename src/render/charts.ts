import { createContext, Script } from 'node:vm';
import { logger, Warn } from 'vega';
import type { Spec } from 'vega';
import { compile } from 'vega-lite';
import type { TopLevelSpec } from 'vega-lite';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { readExtensions } from '../files.ts';
import { parseObject } from './parse-object.ts';
import { isUsualFunnel, listSteps } from '../log/steps.ts';
import { listBounds } from '../shared/ladder.ts';
import type { Ladder } from '../shared/ladder.ts';
import type { Tables } from '../shared/data/table.ts';
import type { Chart, Locale } from '../shared/settings.ts';
import { isOfPeople } from '../shared/people/sources.ts';
import { Clock } from '../shared/text/clock.ts';
import { registerCube } from '../shared/vega/cube-transform.ts';
import { pageTransforms } from '../shared/vega/page-transforms.ts';
import { drawChart, takeSnapshot } from '../shared/vega/snapshot.ts';
import type { Snapshot } from '../shared/vega/snapshot.ts';
import type { Frame } from '../shared/vega/responsive-svg.ts';
import type { Window } from '../time.ts';
import { readCharts } from './layout.ts';
import { requireHarmless } from './harmless.ts';
import { hasOwnTheme, readTheme } from './looks.ts';
import { isObject, readPanel, toDrawn, walk } from './panels.ts';
import type { DescribedTables, Json } from './panels.ts';
import { pushDown } from './push-down.ts';

registerCube();

/** The facts about a page that chart parameters receive. */
export interface Scene {
  period: Window;
  ladder: Ladder;
  /** Its clock; by default, that of UTC. */
  clock?: Clock;
}

/** Returns a chart's Vega-Lite specification with translated texts, and the page's values for its parameters. */
export function readChart(
  name: string,
  { period, ladder, clock = new Clock() }: Scene,
  translate: (text: string) => string,
): TopLevelSpec {
  const found = readExtensions('templates/charts').find((chart) => chart.name === name);
  if (!found) throw new Error(`There is no chart ${name}.`);
  const spec = parse(found.path, found.text);
  requireHarmless(name, spec);
  for (const param of (spec.params ?? []) as { name: string; value?: Json }[]) {
    if (param.name === 'span') param.value = [period.start, period.end];
    if (param.name === 'last_step') param.value = listSteps().length - 1;
    if (param.name === 'clock') param.value = clock.steps(period.start, period.end);
    if (param.name === 'ladder') param.value = listBounds(ladder);
    if (typeof param.value === 'string') param.value = translate(param.value);
  }
  const { zen } = (spec.usermeta ?? {}) as { zen?: { finding?: string } };
  if (!isUsualFunnel() && zen?.finding?.startsWith('Of shows, ')) zen.finding = 'funnel';
  return translateTitles(spec, translate) as unknown as TopLevelSpec;
}

/** Lists the data that charts name anywhere in their specifications: aggregates and look-up tables. */
export function listChartData(): string[] {
  const named: string[] = [];
  const look = (json: Json) => {
    if (json === null || typeof json !== 'object') return;
    for (const [key, value] of Object.entries(json)) {
      const name = (value as { name?: unknown } | null)?.name;
      if (key === 'data' && typeof name === 'string') named.push(name);
      look(value);
    }
  };
  for (const { path, text } of readCharts()) look(parse(path, text));
  return named;
}

/** Tells whether a chart draws people, which a page may lack. */
export function drawsPeople({ data }: TopLevelSpec): boolean {
  return Boolean(data && 'name' in data && isOfPeople(data.name ?? ''));
}

/** Lists the names of a page's charts. */
export function listCharts(): string[] {
  return readCharts().map(({ name }) => name);
}

function parse(path: string, text: string): Record<string, Json> {
  const example = '{ "data": { "name": "visits" }, "mark": "bar", "encoding": … }, as docs/charts.md does';
  return parseObject(path, text, example) as Record<string, Json>;
}

/** The keys of texts for readers. */
const texts = ['title', 'label', 'empty'];

function translateTitles(json: Json, translate: (text: string) => string): Json {
  if (Array.isArray(json)) return json.map((item) => translateTitles(item, translate));
  if (json === null || typeof json !== 'object') return json;
  const entries = Object.entries(json).map(([key, value]): [string, Json] => [
    key,
    texts.includes(key) && typeof value === 'string' ? translate(value) : translateTitles(value, translate),
  ]);
  return Object.fromEntries(entries);
}

/** A chart, and its slow parts. */
export interface Compiled extends Chart {
  /** The data sources that process an aggregate row by row. */
  left: string[];
}

/**
 * Compiles a chart to Vega, so that the page need not include the compiler, and pushes down what it can.
 *
 * Brushes are hidden from screen readers, which would announce two unnamed symbols; the period has its own control.
 *
 * @param tables the aggregates that it may draw from; nothing is pushed down for others
 * @throws ZenError `usage`, with the file's name, when the specification does not compile without warnings
 */
export function compileChart(name: string, source: TopLevelSpec, tables: DescribedTables): Compiled {
  const panel = readPanel(name, source, tables);
  const warnings: string[] = [];
  const listener = logger(Warn, undefined, (_method, _level, args) => warnings.push(args.join(' ')));
  try {
    const compiled = compile(toDrawn(source, panel), { config: readTheme(), logger: listener });
    requireHarmless(name, compiled.spec);
    if (warnings.length > 0) throw new Error(warnings.join(' '));
    requireTransforms(name, compiled.spec);
    const { spec, left } = pushDown(compiled.spec, tables);
    const marks = spec.marks ?? [];
    for (const mark of marks) if (mark.name?.startsWith('brush')) mark.aria = false;
    return { panel, spec, rows: findRows(marks), tables: inputsOf(spec), left };
  } catch (error) {
    if (error instanceof ZenError) throw error;
    throw new ZenError('usage', `templates/charts/${name}.vl.json ${tellCause(error)}`, { cause: error });
  }
}

/** @throws ZenError `usage` for a transform that pages lack, to be half as large: it would keep a page from starting */
function requireTransforms(name: string, spec: object): void {
  for (const [key, value] of walk(spec as Json)) {
    const all = key === 'transform' && Array.isArray(value) ? value.filter(isObject) : [];
    const types = all.flatMap(({ type }) => (typeof type === 'string' ? [type] : []));
    const unknown = types.find((type) => !Object.hasOwn(pageTransforms, type));
    if (unknown !== undefined)
      throw new ZenError(
        'usage',
        `templates/charts/${name}.vl.json uses the transform “${unknown}”, which a page does not have: do that in an aggregate.`,
      );
  }
}

/** Explains why Vega-Lite rejects a chart. For an unknown kind of chart, it throws an unhelpful error. */
function tellCause(error: unknown): string {
  if (!(error instanceof TypeError)) return `does not compile: ${messageOf(error)}`;
  return 'does not compile, and Vega-Lite does not say why. Look at its mark and its encoding; its editor (vega.github.io/editor) shows the place.';
}

/** The seconds that a chart may calculate; a browser would take as long at each choice. */
const mostSeconds = 30;

/** To make a context takes a millisecond, which each chart of each page would pay. */
const timed: { work?: () => void } = createContext({});
const timedCall = new Script('work()');

/** Returns what stops a chart that calculates for too long; nothing for Zen's own, as to watch one starts a thread. */
function watch({ panel }: Chart): ((work: () => void) => void) | undefined {
  const ours = readExtensions('templates/charts').filter(({ isOwn }) => !isOwn);
  return ours.some(({ name }) => name === panel.name) && !hasOwnTheme() ? undefined : runWithin;
}

/** Runs some work, and stops it when it takes too long. @throws Error for that */
export function runWithin(work: () => void, seconds = mostSeconds): void {
  try {
    timed.work = work;
    timedCall.runInContext(timed, { timeout: seconds * 1000 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new Error(`it calculates for more than ${seconds} s`, { cause: error });
    throw error;
  } finally {
    delete timed.work; // which would hold all that it reaches
  }
}

/**
 * Draws a chart before anything is chosen.
 *
 * @throws ZenError `usage`, with the file's name, for a chart that compiles but cannot be drawn
 */
export function drawFirst(chart: Chart, tables: Tables, locale: Locale): Promise<Snapshot> {
  return takeSnapshot(chart, tables, locale, undefined, watch(chart)).catch((cause: unknown) => {
    throw notDrawn(chart, cause);
  });
}

/** Draws a chart like `drawFirst`, for a place of its own size. */
export async function drawFor(place: Frame, chart: Chart, tables: Tables, locale: Locale): Promise<string> {
  try {
    return (await drawChart(chart, tables, locale, place, undefined, watch(chart))).svg;
  } catch (cause) {
    throw notDrawn(chart, cause);
  }
}

function notDrawn({ panel }: Chart, cause: unknown): ZenError {
  const why = shorten(messageOf(cause), 200).replace(/\.$/, '');
  const remedy = 'Mend it as docs/charts.md says, or take it away';
  return new ZenError('usage', `templates/charts/${panel.name}.vl.json cannot be drawn: ${why}. ${remedy}.`, {
    cause,
  });
}

interface Mark {
  from?: { data?: string; facet?: { data?: string } };
}

/** Finds the data source of the first mark that draws data. A brush is a mark too, but draws nothing, or only its own store. */
function findRows(marks: Mark[]): string {
  const drawn = marks.map(({ from }) => from?.facet?.data ?? from?.data);
  const rows = drawn.find((source) => source !== undefined && !source.endsWith('_store'));
  if (rows === undefined) throw new Error('it draws no data');
  return rows;
}

/** Lists the data sources that the page has to fill. */
function inputsOf({ data }: Spec): string[] {
  return (data ?? [])
    .filter((source) => Object.keys(source).length === 1 && !source.name.endsWith('_store'))
    .map(({ name }) => name);
}
