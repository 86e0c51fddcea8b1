import { known } from '../shared/known.ts';
import { stepAt } from '../shared/ladder.ts';
import type { Ladder } from '../shared/ladder.ts';
import type { Moment } from '../shared/moment.ts';
import type { Writer } from '../shared/text/format.ts';
import { isolate, titleOf } from '../shared/text/names.ts';
import { describeGrowth, describeRateChange } from '../shared/text/topic-text.ts';
import { minuteMs } from '../shared/units.ts';
import type { PanelElement } from './panel.ts';

/** The part of a time scale used here (d3-scale). */
interface Scale {
  (ms: number): number;
  invert(x: number): Date;
}

/** The number of topics listed one by one. */
const told = 5;

const strides: Partial<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 };

/**
 * Describes the moment under the pointer, beside a line in the plot, in one box for all topics. A click, a tap or Enter
 * pins it; arrow keys move along the plot, Escape lets go.
 */
export class MomentBox {
  readonly #panel: PanelElement;
  readonly #place: HTMLElement;
  readonly #ladder: Ladder;
  readonly #read: (span: [number, number]) => Moment | null;
  readonly #write: Writer;
  readonly #rule = document.createElement('div');
  readonly #box = document.createElement('div');
  #start: number | null = null;
  #isPinned = false;

  constructor(
    panel: PanelElement,
    ladder: Ladder,
    read: (span: [number, number]) => Moment | null,
    write: Writer,
  ) {
    this.#panel = panel;
    this.#place = known(panel.querySelector<HTMLElement>('.view'));
    this.#ladder = ladder;
    this.#read = read;
    this.#write = write;
    this.#rule.className = 'rule';
    this.#box.className = 'moment';
    this.#box.setAttribute('role', 'status');
    this.#rule.hidden = this.#box.hidden = true;
    document.body.append(this.#box);
    this.#place.tabIndex = 0;
    this.#place.setAttribute('role', 'group');
    this.#place.setAttribute('aria-label', write.t('Arrow keys walk through time.'));
    this.#listen();
  }

  /** Describes the same moment again after the selection changed; hides it when it lies outside. */
  refresh(): void {
    if (this.#start !== null) this.#show(this.#start);
  }

  #listen(): void {
    const place = this.#place;
    place.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse' && event.buttons === 0 && !this.#isPinned)
        this.#show(this.#timeAt(event));
    });
    for (const type of ['pointerleave', 'pointercancel'])
      place.addEventListener(type, () => {
        if (!this.#isPinned) this.hide();
      });
    place.addEventListener('blur', () => {
      this.hide();
    });
    // Small charts may replace the plot.
    new ResizeObserver(() => {
      if (place.clientWidth === 0) this.hide();
    }).observe(place);
    // A click does not focus the plot, because the brush prevents it.
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.hide();
    });
    place.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#isPinned = !this.#isPinned;
      const stride = strides[event.key];
      if (stride === undefined) return;
      event.preventDefault();
      const { shown, stepAt } = this.#scene();
      const start = this.#start ?? (stride > 0 ? shown[0] - stepAt(shown[0]) : shown[1]);
      const step = stepAt(stride > 0 ? Math.max(start, shown[0]) : start - 1);
      this.#show(Math.min(Math.max(start + stride * step, shown[0]), shown[1] - 1));
    });
  }

  /** Pins the moment at a place of the plot. @returns true when it was already pinned, and is now released */
  pin(event: { clientX: number }): boolean {
    const pinned = this.#isPinned ? this.#start : null;
    this.#show(this.#timeAt(event));
    if (this.#start !== null && this.#start === pinned) {
      this.hide();
      return true;
    }
    this.#isPinned = this.#start !== null;
    return false;
  }

  hide(): void {
    this.#start = null;
    this.#isPinned = false;
    this.#rule.hidden = this.#box.hidden = true;
  }

  #scene(): { shown: [number, number]; stepAt: (time: number) => number; x: Scale } {
    const view = known(this.#panel.view);
    const step = view.signal('step') as number;
    return {
      shown: view.signal('shown') as [number, number],
      stepAt: (time) => Math.max(step, stepAt(this.#ladder, time)),
      x: view.scale('x') as Scale,
    };
  }

  #timeAt({ clientX }: { clientX: number }): number {
    const { left } = known(this.#place.querySelector('svg')).getBoundingClientRect();
    return Number(this.#scene().x.invert(clientX - left - known(this.#panel.view).origin()[0]));
  }

  #show(time: number): void {
    const { shown, stepAt, x } = this.#scene();
    if (!(shown[0] <= time && time < shown[1])) {
      this.hide();
      return;
    }
    const step = stepAt(time);
    const start = Math.max(Math.floor(time / step) * step, shown[0]);
    const end = Math.min(Math.floor(time / step) * step + step, shown[1]);
    const moment = this.#read([start, end]);
    if (!moment) {
      this.hide();
      return;
    }
    this.#start = start;
    this.#box.replaceChildren(...this.#tell(moment, end - start > minuteMs));
    this.#rule.hidden = this.#box.hidden = false;
    const view = known(this.#panel.view);
    const [left, top] = view.origin();
    if (!this.#rule.isConnected) this.#place.append(this.#rule); // a view that replaces another clears it
    const at = (x(start) + x(end)) / 2 + left;
    this.#rule.style.left = `${at}px`;
    this.#rule.style.top = `${top}px`;
    this.#rule.style.height = `${view.height()}px`;
    this.#move(at);
  }

  /** Places the box on the side of the line with more room. */
  #move(at: number): void {
    const { left, top, width } = this.#place.getBoundingClientRect();
    const own = this.#box.offsetWidth;
    const isRight = at < width / 2 || left + at < own + 24;
    const wanted = left + at + (isRight ? 12 : -12 - own);
    this.#box.style.left = `${Math.min(Math.max(wanted, 4), innerWidth - own - 4)}px`;
    this.#box.style.top = `${Math.max(4, Math.min(top + 16, innerHeight - this.#box.offsetHeight - 4))}px`;
  }

  #tell({ start, end, events, before, topics, moves, rate }: Moment, isLong: boolean): HTMLElement[] {
    const { t, time, number, signed, clock } = this.#write;
    const when = isLong ? `${time(start, true)}–${time(end, false)}` : time(start, true);
    const table = document.createElement('table');
    const line = (name: string, value: number, earlier: number | null) => {
      const row = table.insertRow();
      const cells = [
        name,
        number(value),
        earlier === null ? '' : describeGrowth(value, earlier, this.#write),
      ];
      for (const [at, text] of cells.entries()) {
        const cell = row.insertCell();
        cell.textContent = text;
        if (at > 0) cell.className = 'count';
      }
    };
    line(t('Events'), events, before);
    for (const topic of topics.slice(0, told)) line(topic.name, topic.events, topic.before);
    const more = topics.slice(told);
    if (more.length > 0) {
      const sum = (of: (topic: Moment['topics'][number]) => number) =>
        more.reduce((all, topic) => all + of(topic), 0);
      line(
        t('others'),
        sum(({ events: own }) => own),
        before === null ? null : sum(({ before: own }) => known(own)),
      );
    }
    const head = document.createElement('p');
    head.textContent = `${when} ${clock.name(start, end)}`;
    const causes: string[] = [];
    const said = moves.map(({ field, name, by }) => `${titleOf(field, t)} — ${isolate(name)} ${signed(by)}`);
    if (said.length > 0) causes.push(`${t('Changed most')}: ${said.join('; ')}`);
    if (rate) causes.push(describeRateChange(rate, this.#write));
    return [head, table, ...causes.map(sayMoved)];
  }
}

function sayMoved(text: string): HTMLElement {
  const moved = document.createElement('p');
  moved.className = 'moved';
  moved.textContent = text;
  return moved;
}
