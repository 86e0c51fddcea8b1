import embed from 'vega-embed';
import type { EmbedOptions } from 'vega-embed';
import { logger, Warn } from 'vega';
import type { View } from 'vega';
import type { RankedTables } from '../shared/ranks.ts';
import type { Chart, Locale } from '../shared/settings.ts';

type Row = Record<string, unknown>;

/** The columns of the drawn rows that `data` gives, and which rows count: a minute without events is drawn, as a zero. */
const drawn: Record<string, { columns: string[]; counts: (row: Row) => boolean }> = {
  history: { columns: ['dt', 'item_topic', 'visits'], counts: (row) => row.visits !== 0 },
  sources: { columns: ['source_topic', 'visits', 'share'], counts: () => true },
  funnel: { columns: ['event', 'users', 'share'], counts: () => true },
};

/** A panel of the dashboard, with a chart in it. */
export class Panel extends HTMLElement {
  view: View | undefined;
  #rows = '';

  /** The rows now drawn. */
  get data(): Row[] {
    const { columns, counts } = this.#drawn;
    return this.#all
      .filter(counts)
      .map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
  }

  get #drawn(): (typeof drawn)[string] {
    return drawn[this.id] ?? { columns: [], counts: () => false };
  }

  get #all(): Row[] {
    return (this.view?.data(this.#rows) ?? []) as Row[];
  }

  async draw(chart: Chart, tables: RankedTables, locale: Locale): Promise<void> {
    const place = this.querySelector<HTMLElement>('.view');
    if (!place) return;
    const { view } = await embed(place, fill(chart.spec, tables), options(locale));
    this.view = view;
    this.#rows = chart.rows;
    const check = () => {
      this.classList.toggle('is-empty', !this.#all.some(this.#drawn.counts));
    };
    view.addDataListener(chart.rows, check);
    check();
  }
}

/** The specification with its rows in it: sources are named, those without a name of ours are derived. */
function fill(spec: Chart['spec'], tables: RankedTables): Chart['spec'] {
  const sources = (spec.data as { name: string }[]).map((source) =>
    Object.hasOwn(tables, source.name)
      ? { ...source, values: tables[source.name as keyof RankedTables] }
      : source,
  );
  return { ...spec, data: sources };
}

/** `ast`: expressions are interpreted, so that the page needs no eval. */
function options(locale: Locale): EmbedOptions {
  return {
    mode: 'vega',
    ast: true,
    actions: false,
    renderer: 'svg',
    defaultStyle: false,
    logger: logger(Warn, undefined, warn),
    tooltip: { theme: 'zen', disableDefaultStyle: true },
    formatLocale: locale.number,
    timeFormatLocale: locale.time,
  };
}

/** An empty selection has no extent: the page says so itself. Every other warning is logged. */
function warn(
  method: 'error' | 'warn' | 'info' | 'log' | 'debug',
  level: string,
  input: readonly unknown[],
): void {
  if (!String(input[0]).startsWith('Infinite extent')) console[method](level, ...input);
}
