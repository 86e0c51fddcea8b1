import embed from 'vega-embed';
import type { EmbedOptions } from 'vega-embed';
import { logger, View, Warn } from 'vega';
import { pickRows } from '../shared/panels.ts';
import type { Panel } from '../shared/panels.ts';
import { known } from '../shared/known.ts';
import { noLoader } from '../shared/vega/bounds.ts';
import { expressions } from '../shared/vega/expression.ts';
import { feed } from '../shared/vega/bind-data.ts';
import type { Chart, Locale } from '../shared/settings.ts';
import type { Row, Tables } from '../shared/data/table.ts';

/** A panel of the dashboard, with a chart in it. */
export class PanelElement extends HTMLElement {
  view: View | undefined;
  /** Its own chart, and those that are drawn within the panel instead. */
  #charts: Chart[] = [];
  /** The wanted chart, and the drawn one. */
  #chart: Chart | undefined;
  #drawn: Chart | undefined;
  #drawing = Promise.resolve();
  /** The room that its charts have, as it was last laid out. */
  #room: Room | undefined;
  /** The charts that it has drawn, for a reader who comes back to one. */
  #kept = new Map<Chart, KeptChart>();

  /** The options of the panel, once it knows its chart. */
  get options(): Panel {
    return known(this.#charts[0]).panel;
  }

  /** The drawn rows, with everything the chart knows about them. */
  get rows(): Row[] {
    const chart = known(this.#drawn ?? this.#chart);
    return pickRows(chart.panel, (this.view?.data(chart.rows) ?? []) as Row[]);
  }

  /** The drawn rows. */
  get data(): Row[] {
    return this.rows.map((row) => Object.fromEntries(this.options.data.map((name) => [name, row[name]])));
  }

  /**
   * Gives the panel a chart; the last one of a name counts. The first is the panel's own, even if a page saved while
   * open names another.
   */
  take(chart: Chart): void {
    const { name } = chart.panel;
    const at = this.#charts.findIndex(({ panel }) => panel.name === name);
    this.#charts.splice(at < 0 ? this.#charts.length : at, 1, chart);
    if (!this.#chart || this.wants(name)) this.want(name);
  }

  /** Tells whether the wanted chart has that name. */
  wants(name: string): boolean {
    return this.#chart?.panel.name === name;
  }

  /** Chooses which of its charts to draw. Another that is drawn rests at once, so that it computes nothing in vain. */
  want(name: string): void {
    this.#chart = known(this.#charts.find(({ panel }) => panel.name === name));
    const kept = this.#drawn && this.#kept.get(this.#drawn);
    if (kept) kept.view.isResting = this.#chart !== this.#drawn;
    const { title } = this.#chart.panel;
    const heading = known(this.querySelector('h2'));
    for (const part of this.querySelectorAll('.take [aria-label]'))
      part.setAttribute(
        'aria-label',
        known(part.getAttribute('aria-label')).replace(heading.textContent, () => title),
      );
    heading.textContent = title;
    for (const button of this.querySelectorAll<HTMLButtonElement>('[data-show]'))
      button.setAttribute('aria-pressed', String(button.dataset.show === name));
  }

  /** Tells whether its chart has a signal of that name, for which the page does extra work. */
  hasSignal(name: string): boolean {
    return (this.#drawn?.spec.signals ?? []).some((signal) => signal.name === name);
  }

  /** Sets a signal of its chart, if it exists and its value differs. */
  set(name: string, value: unknown): void {
    if (!this.view || !this.#drawn || !this.hasSignal(name)) return;
    if (JSON.stringify(this.view.signal(name)) !== JSON.stringify(value))
      void this.view.signal(name, value).runAsync();
  }

  /** The topics that the mark colours stand for, largest first; none when colours are fixed, or the chart has a key. */
  get key(): [name: string, color: string][] {
    const { spec, panel } = known(this.#drawn ?? this.#chart);
    if (!JSON.stringify(spec.marks).includes('"field":"tint"')) return [];
    const sums = new Map<string, { color: string; sum: number }>();
    for (const { item_topic, tint, [panel.measure]: value } of this.rows) {
      const name = String(item_topic);
      sums.set(name, { color: String(tint), sum: (sums.get(name)?.sum ?? 0) + Number(value) });
    }
    return [...sums].sort(([, a], [, b]) => b.sum - a.sum).map(([name, { color }]) => [name, color]);
  }

  /** Draws its chart at the wanted size, then as it was. Letters grow with the scale, not with the size. */
  async drawPicture(width: number, height: number, scale: number): Promise<HTMLCanvasElement> {
    const view = known(this.view);
    try {
      await view.width(width).height(height).runAsync();
      return await view.toCanvas(scale);
    } finally {
      await fill(view, known(this.querySelector<HTMLElement>('.view'))); // narrower: the axes take some of it
    }
  }

  /** Draws new rows for a data source; only a panel that draws from it requests them. */
  give(source: string, list: () => object[]): void {
    if (!this.view || !this.#drawn?.spec.data?.some(({ name }) => name === source)) return;
    const rows = list();
    // Rows that a chart looks up make it draw again, which counts as a change.
    if (JSON.stringify(rows) !== JSON.stringify(this.view.data(source)))
      void this.view.data(source, rows).runAsync();
  }

  /**
   * Draws the wanted chart, after any drawing in progress.
   *
   * @param onChange called when other rows are drawn
   * @returns true of one that was never drawn before; one that cannot be drawn says so in its place, and the others live on
   */
  async draw(tables: Tables, locale: Locale, onChange: () => void): Promise<boolean> {
    const drawing = this.#drawing.then(() => this.#draw(tables, locale, onChange));
    this.#drawing = drawing.then(() => undefined);
    return drawing;
  }

  async #draw(tables: Tables, locale: Locale, onChange: () => void): Promise<boolean> {
    const place = known(this.querySelector<HTMLElement>('.view'));
    const chart = known(this.#chart);
    if (chart === this.#drawn) {
      await this.view?.runAsync(); // it may have rested for a moment
      return false;
    }
    if (!this.view) this.#followRoom(place);
    const before = this.#drawn && this.#kept.get(this.#drawn);
    // Its size is not yet reported in the first moment.
    if (before) [before.nodes, before.room] = [[...place.childNodes], this.#room ?? roomOf(place)];
    const kept = this.#kept.get(chart);
    if (kept) {
      place.replaceChildren(...kept.nodes);
      this.classList.remove('is-failed');
      [this.view, this.#drawn, kept.view.isResting] = [kept.view, chart, false];
      kept.view.signal('tables', { ...tables }); // colours may have changed
      // To fill a room has it laid out twice: with the axes outside it, and then inside.
      const room = this.#room ?? roomOf(place);
      const isSame =
        kept.room?.clientWidth === room.clientWidth && kept.room.clientHeight === room.clientHeight;
      await (isSame ? kept.view.runAsync() : fill(kept.view, room));
      this.classList.toggle('is-empty', this.rows.length === 0);
      return false;
    }
    // Feeds the view before its first run, so that no empty chart is laid out.
    class FedView extends RestingView {
      override initialize(...parts: Parameters<View['initialize']>): this {
        drawAreaOnce(this);
        feed(this, chart.tables, tables);
        return super.initialize(...parts);
      }
    }
    let [isDrawn, isFailed] = [false, false];
    const fail = () => {
      isFailed = true;
      if (isDrawn) this.classList.add('is-failed'); // it shows the previous choice
    };
    const embedding = embed(place, chart.spec, { ...options(locale, fail), viewClass: FedView });
    const view = (await embedding.catch(reportError))?.view;
    [this.view, this.#drawn] = [view, view && chart];
    if (!view) {
      this.classList.add('is-failed');
      return false;
    }
    if (view instanceof RestingView) this.#kept.set(chart, { view, nodes: [], room: undefined });
    isDrawn = true;
    const change = () => {
      this.classList.remove('is-failed'); // a failure comes later
      this.classList.toggle('is-empty', this.rows.length === 0);
      onChange();
    };
    view.addDataListener(chart.rows, change);
    change();
    if (isFailed && this.rows.length === 0) this.classList.add('is-failed');
    return true;
  }

  #followRoom(place: HTMLElement): void {
    const fit = () => {
      if (this.view) void fill(this.view, place);
    };
    new ResizeObserver(() => {
      const room = roomOf(place);
      if (room.clientWidth > 0) this.#room = room;
      fit();
    }).observe(place);
    addEventListener('beforeprint', () => {
      if (this.view && place.clientWidth > 0) drawAtOnce(this.view, known(printed[this.dataset.area ?? '']));
    });
    addEventListener('afterprint', fit);
  }
}

/** A drawn chart that another one replaces for now: its nodes, and the room that they were drawn for. */
interface KeptChart {
  view: RestingView;
  nodes: ChildNode[];
  room: Room | undefined;
}

/** The parameters of a run that Vega itself passes, and its types lack (vega-dataflow, src/dataflow/run.js). */
type RunParts = [encode?: string | null, before?: (view: View) => void, after?: (view: View) => void];

/** A view that, while hidden, takes new values but computes nothing until it is shown again. */
class RestingView extends View {
  isResting = false;

  override run(...run: RunParts): this {
    return this.isResting ? this : super.run(...(run as []));
  }

  override async runAsync(...run: RunParts): Promise<View> {
    if (!this.isResting) return super.runAsync(...(run as []));
    run[1]?.(this); // sets what a control holds
    return this;
  }
}

/**
 * The size of a chart on an A4 sheet, in px of 1/96 inch, as in `@media print` of page.css. Merely shrinking a chart
 * would make its letters tiny.
 */
const printed: Partial<Record<string, Room>> = {
  main: { clientWidth: 660, clientHeight: 302 },
  side: { clientWidth: 292, clientHeight: 181 },
  wide: { clientWidth: 1000, clientHeight: 181 },
};

type Room = Pick<HTMLElement, 'clientWidth' | 'clientHeight'>;

function roomOf({ clientWidth, clientHeight }: HTMLElement): Room {
  return { clientWidth, clientHeight };
}

/**
 * Fits a view to its space. Vega does so only when the window changes, but the words above a chart may take more lines,
 * and a switch may hide a chart, which then has no space.
 */
async function fill(view: View, { clientWidth, clientHeight }: Room): Promise<void> {
  if (clientWidth > 0) await view.signal('width', clientWidth).signal('height', clientHeight).runAsync();
}

/** The part of Vega's renderer used here (vega-scenegraph, src/Renderer.js). */
interface Drawing {
  _renderer: { resize(width: number, height: number, origin: number[]): { render(scene: unknown): void } };
}

/** Redraws for another size synchronously: Firefox copies what it prints at the end of an event, but Vega draws later. */
function drawAtOnce(view: View, { clientWidth, clientHeight }: Room): void {
  view.signal('width', clientWidth).signal('height', clientHeight).run();
  const { _renderer } = view as unknown as Drawing;
  const { root } = view.scenegraph() as unknown as { root: unknown };
  const [x, y] = view.origin();
  const { left, top } = view.padding() as { left: number; top: number };
  _renderer.resize(clientWidth, clientHeight, [x + left, y + top]).render(root);
}

/** The part of Vega's scene used here (vega-scenegraph, "Item"). */
interface Item {
  exit?: boolean;
  mark: { marktype: string; items: unknown[] };
}

/**
 * Keeps Vega from redrawing an area for each point removed (vega-scenegraph, src/SVGRenderer.js, `_dirtyCheck`): 1,800
 * times when a period changes to longer steps. Its first point is marked anyway (`Bound`), so it is redrawn once.
 */
function drawAreaOnce(view: View): void {
  const marking = view as unknown as { dirty(item: Item): void };
  const dirty = marking.dirty.bind(view);
  marking.dirty = (item) => {
    const isDrawn = item.exit && item.mark.marktype === 'area' && item.mark.items.length > 0;
    if (!isDrawn) dirty(item);
  };
}

/** Interprets expressions instead of compiling them, so that the page needs no eval; the page has its own style sheet. */
function options({ number, time }: Locale, fail: () => void): EmbedOptions {
  return {
    mode: 'vega',
    ast: true,
    expr: expressions,
    formatLocale: number,
    timeFormatLocale: time,
    loader: noLoader,
    logger: logger(Warn, undefined, (method, level, said) => {
      if (method === 'error') fail();
      // An empty selection has no extent; the page reports that itself.
      if (!String(said[0]).startsWith('Infinite extent')) console[method](level, ...said);
    }),
    tooltip: { theme: 'zen', disableDefaultStyle: true },
    defaultStyle: false,
    actions: false,
  };
}
