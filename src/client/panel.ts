import embed from 'vega-embed';
import type { EmbedOptions } from 'vega-embed';
import { logger, Warn } from 'vega';
import type { View } from 'vega';
import { fillChart, pickRows } from '../shared/drawn.ts';
import type { PanelName, Row } from '../shared/drawn.ts';
import type { RankedTables } from '../shared/ranks.ts';
import type { Chart, Locale } from '../shared/settings.ts';

/** The columns of the drawn rows that `data` gives. */
const columns: Record<PanelName, string[]> = {
  history: ['dt', 'item_topic', 'visits'],
  sources: ['source_topic', 'visits', 'share'],
  funnel: ['event', 'users', 'share'],
};

/** A panel of the dashboard, with a chart in it. */
export class Panel extends HTMLElement {
  view: View | undefined;
  #source = '';

  get name(): PanelName {
    return this.id as PanelName;
  }

  /** The rows now drawn, with all that the chart knows of them. */
  get rows(): Row[] {
    return pickRows(this.name, (this.view?.data(this.#source) ?? []) as Row[]);
  }

  /** The rows now drawn. */
  get data(): Row[] {
    return this.rows.map((row) => Object.fromEntries(columns[this.name].map((name) => [name, row[name]])));
  }

  /** @param onChange called when other rows are drawn */
  async draw(chart: Chart, tables: RankedTables, locale: Locale, onChange: () => void): Promise<void> {
    const place = this.querySelector<HTMLElement>('.view');
    if (!place) return;
    const { view } = await embed(place, fillChart(chart.spec, tables), options(locale));
    this.view = view;
    this.#source = chart.rows;
    const change = () => {
      this.classList.toggle('is-empty', this.rows.length === 0);
      onChange();
    };
    view.addDataListener(chart.rows, change);
    change();
  }
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
