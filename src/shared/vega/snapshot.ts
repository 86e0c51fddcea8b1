import { logger, parse, View, Warn } from 'vega';
import type { Loader, LocaleFormatters, Runtime, Spec } from 'vega';
import { known } from '../known.ts';
import { pickRows } from '../panels.ts';
import type { Panel } from '../panels.ts';
import { feed } from './bind-data.ts';
import { boundVega, noLoader } from './bounds.ts';
import type { Chart, Locale } from '../settings.ts';
import type { Row, Tables } from '../data/table.ts';
import { registerCube } from './cube-transform.ts';
import { scale, stretchSvg } from './responsive-svg.ts';
import type { Frame } from './responsive-svg.ts';

registerCube();
boundVega();

/** A chart before anything is chosen. */
export interface Snapshot {
  /** For readers without JavaScript, and until it starts. */
  svg: string;
  rows: Row[];
}

/** The space beside the topic table, on a page of 1440 × 900; if letters had more room there, they would overlap. */
const beside: Frame = { width: 503, height: 544 };

/** The approximate spaces on a page of 1440 × 900; the main one at full width. */
const frames: Record<Panel['area'], Frame> = {
  main: { width: 900, height: 490 },
  side: { width: 418, height: 216 },
  wide: { width: 1340, height: 300 },
};

/**
 * Draws a chart off screen, for a page that sets its size.
 *
 * @param expr evaluates expressions when they cannot be compiled to code
 */
export async function takeSnapshot(
  chart: Chart,
  tables: Tables,
  locale: Locale,
  expr?: object,
  within?: (work: () => void) => void,
): Promise<Snapshot> {
  const { snapshot, area } = chart.panel;
  const frame = area === 'main' ? beside : frames[area];
  const { svg, rows, plot } = await drawChart(chart, tables, locale, frame, expr, within);
  return { svg: snapshot ? stretchSvg(svg, plot, snapshot.axes) : scale(svg), rows };
}

/**
 * Draws a chart off screen, at its size on a page of 1440 × 900.
 *
 * @param within runs the chart's own calculations, and may end them
 * @throws Error for a failure before there are rows to draw, which Vega would only log
 */
export async function drawChart(
  chart: Chart,
  tables: Tables,
  locale: Locale,
  frame = frames[chart.panel.area],
  expr?: object,
  within: (work: () => void) => void = (work) => {
    work();
  },
): Promise<Snapshot & { plot: Frame }> {
  const { snapshot } = chart.panel;
  const failures: Error[] = [];
  const view = new View(parseOnce(chart, frame, expr !== undefined), {
    ...(expr && { expr }),
    renderer: 'none',
    // Vega accepts definitions, though its types want what it makes of them.
    locale: { number: locale.number, time: locale.time } as unknown as LocaleFormatters,
    loader: noLoader as unknown as Loader,
    logger: logger(Warn, undefined, (method, _level, [said]) => {
      if (method === 'error') failures.push(said instanceof Error ? said : new Error(String(said)));
    }),
  });
  try {
    within(() => {
      feed(view, chart.tables, tables);
      view.run();
    });
    const svg = await view.toSVG();
    const [failure] = failures;
    const drawn = view.data(chart.rows) as Row[] | undefined; // missing when it failed earlier
    if (failure && !drawn?.length) throw failure;
    const rows = pickRows(chart.panel, known(drawn));
    const plot: Frame = { width: Number(view.signal('width')), height: Number(view.signal('height')) };
    if (snapshot?.circle !== undefined) plot.circle = snapshot.circle;
    if (snapshot?.bands) plot.bands = snapshot.bands === 'one' ? 1 : rows.length;
    return { svg, plot, rows };
  } finally {
    view.finalize();
  }
}

/** The charts of a run as Vega runs them: each page draws its own data. */
const runtimes = new WeakMap<object, Map<string, Runtime>>();

/** Parses a chart without what serves the pointer alone, at a size that does not follow its frame. */
function parseOnce({ spec }: Chart, frame: Frame, ast: boolean): Runtime {
  const kept = runtimes.get(spec) ?? new Map<string, Runtime>();
  runtimes.set(spec, kept);
  const key = JSON.stringify([frame, ast]);
  const found = kept.get(key);
  if (found) return found;
  const full = spec as Omit<Spec, 'marks'> & { marks: FilledMark[]; signals: { name: string }[] };
  const marks = full.marks.filter((mark) => !isInvisible(mark));
  const signals = full.signals.filter(({ name }) => name !== 'width' && name !== 'height');
  const runtime = parse({ ...full, ...frame, signals, marks } as unknown as Spec, undefined, { ast });
  kept.set(key, runtime);
  return runtime;
}

interface FilledMark {
  encode?: { update?: { fillOpacity?: { value?: unknown } } };
}

/** Tells whether a mark only serves the pointer. */
function isInvisible({ encode }: FilledMark): boolean {
  return encode?.update?.fillOpacity?.value === 0;
}
