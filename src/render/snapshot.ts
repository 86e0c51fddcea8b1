import { logger, None, parse, View } from 'vega';
import type { LocaleFormatters, Spec } from 'vega';
import { pickRows } from '../shared/drawn.ts';
import type { Drawn, PanelName } from '../shared/drawn.ts';
import { feed } from '../shared/feed.ts';
import type { Chart, Locale } from '../shared/settings.ts';
import type { Tables } from '../shared/table.ts';
export interface Snapshot {
  /** For readers without JavaScript, and until it has started. */
  svg: string;
  rows: Drawn[PanelName];
}

/** Pixels; the picture is scaled to its panel. */
const sizes: Record<string, [width: number, height: number]> = {
  history: [720, 480],
  sources: [400, 330],
  funnel: [400, 240],
};

/** Draws a chart without a browser. */
export async function takeSnapshot(chart: Chart, tables: Tables, locale: Locale): Promise<Snapshot> {
  const spec = chart.spec as Omit<Spec, 'marks'> & {
    marks: Mark[];
    signals: { name: string }[];
  };
  const [width, height] = sizes[chart.name] ?? [400, 300];
  const marks = spec.marks.filter((mark) => !isInvisible(mark));
  const signals = spec.signals.filter(({ name }) => name !== 'width' && name !== 'height');
  const view = new View(parse({ ...spec, width, height, signals, marks } as Spec), {
    renderer: 'none',
    // Vega takes the definitions, though its types ask for what it makes of them.
    locale: { number: locale.number, time: locale.time } as unknown as LocaleFormatters,
    logger: logger(None),
  });
  feed(view, chart.tables, tables);
  const svg = await view.toSVG();
  const rows = pickRows(chart.name, view.data(chart.rows));
  view.finalize();
  return { svg: scalable(svg, width, height), rows: rows as Drawn[PanelName] };
}

interface Mark {
  encode?: { update?: { fillOpacity?: { value?: unknown } } };
}

/** A mark that only serves the pointer. */
function isInvisible({ encode }: Mark): boolean {
  return encode?.update?.fillOpacity?.value === 0;
}

/** As large as its place, whatever that is. */
function scalable(svg: string, width: number, height: number): string {
  return svg.replace(/<svg[^>]*>/, (open) => {
    const [, box = `0 0 ${width} ${height}`] = /viewBox="([^"]*)"/.exec(open) ?? [];
    return `<svg xmlns="http://www.w3.org/2000/svg" class="snapshot marks" role="img" viewBox="${box}">`;
  });
}
