import { known } from '../shared/known.ts';
import type { Writer } from '../shared/text/format.ts';
import { traceRates } from '../shared/text/topic-text.ts';
import type { Course } from '../shared/topics.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';
import type { Window } from '../shared/windows.ts';
import type { Control } from './control.ts';

type Span = [start: number, end: number];
/** A function that moves or resizes the period to the time under the pointer. */
type Pull = (time: number) => Span;

/** The pixels between the names of days. */
const apart = 110;
/** The pixels that a hand may move during a click. */
const still = 4;

const ways: Partial<Record<string, number>> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

/** The whole page beneath the plot, with a window around the period that can be moved, resized or redrawn. */
export class Strip {
  readonly #element: HTMLElement;
  readonly #period: Control<Span>;
  readonly #span: Span;
  readonly #write: Writer;
  readonly #edges: HTMLElement[];
  /** The period consists of whole steps of that many milliseconds, by the page's clock. */
  readonly #grain: number;
  #drawn: Course | undefined;
  #zone: string | undefined;

  constructor(element: HTMLElement, period: Control<Span>, span: Span, write: Writer) {
    [this.#element, this.#period, this.#span, this.#write] = [element, period, span, write];
    this.#edges = [...element.querySelectorAll<HTMLElement>('.edge')];
    this.#grain = span[1] - span[0] > 14 * dayMs ? dayMs : hourMs;
    element.addEventListener('pointerdown', (event) => {
      this.#pull(event);
    });
    new ResizeObserver(() => {
      this.#nameDays();
    }).observe(element);
    const plot = known(element.parentElement?.querySelector('.view'));
    new ResizeObserver(() => {
      this.#standBeneath(plot);
    }).observe(plot);
    for (const [at, edge] of this.#edges.entries())
      edge.addEventListener('keydown', (event) => {
        this.#step(event, at);
      });
  }

  /** Draws the course of the chosen names, the days, the compared stretch, and the window. */
  show(course: Course, compared: Window | null): void {
    if (course !== this.#drawn) {
      this.#element.querySelector('path')?.setAttribute('d', traceRates(course));
      this.#drawn = course;
    }
    if (this.#zone !== this.#write.clock.zone) this.#nameDays();
    const earlier = known(this.#element.querySelector<HTMLElement>('.earlier'));
    earlier.hidden = compared === null;
    if (compared) this.#lay(earlier, [compared.start, compared.end]);
    this.#place(this.#period.value ?? this.#span);
  }

  /** Begins where the plot does: its axis is as wide as its letters are large (templates/theme.json). */
  #standBeneath({ clientWidth, clientHeight }: Element): void {
    const letter = Math.round(Math.min(clientWidth, clientHeight) / 60);
    if (clientWidth > 0)
      this.#element.style.marginLeft = `${String(4.5 * Math.max(12, Math.min(18, letter)))}px`;
  }

  #nameDays(): void {
    const { clock, weekday } = this.#write;
    const [start, end] = this.#span;
    this.#zone = clock.zone;
    const every = Math.ceil((apart * (end - start)) / dayMs / Math.max(apart, this.#element.clientWidth));
    const days: HTMLElement[] = [];
    for (let day = Math.ceil(clock.shift(start) / dayMs); clock.unshift(day * dayMs) < end; day += every) {
      const name = document.createElement('span');
      const time = clock.unshift(day * dayMs);
      name.textContent = weekday(time);
      name.style.left = this.#percent(time);
      days.push(name);
    }
    known(this.#element.querySelector('.days')).replaceChildren(...days);
    const last = days.at(-1);
    if (last && last.offsetLeft + last.offsetWidth > this.#element.clientWidth) last.remove();
  }

  #percent(time: number): string {
    const [start, end] = this.#span;
    return `${(100 * (time - start)) / (end - start)}%`;
  }

  #place(shown: Span): void {
    this.#lay(known(this.#element.querySelector<HTMLElement>('.window')), shown);
    for (const [at, edge] of this.#edges.entries()) {
      const time = known(shown[at]);
      const minutes = (ms: number) => String((ms - this.#span[0]) / minuteMs);
      edge.setAttribute('aria-valuemin', '0');
      edge.setAttribute('aria-valuemax', minutes(this.#span[1]));
      edge.setAttribute('aria-valuenow', minutes(time));
      edge.setAttribute('aria-valuetext', this.#write.time(time, true));
    }
  }

  #lay({ style }: HTMLElement, [start, end]: Span): void {
    [style.left, style.width] = [this.#percent(start), this.#percent(end - start + this.#span[0])];
  }

  #timeAt(x: number): number {
    const { left, width } = this.#element.getBoundingClientRect();
    const [start, end] = this.#span;
    return start + ((x - left) / width) * (end - start);
  }

  /** Returns the nearest whole step on the page. */
  #round(time: number): number {
    const { clock } = this.#write;
    const whole = clock.unshift(Math.round(clock.shift(time) / this.#grain) * this.#grain);
    return Math.min(Math.max(whole, this.#span[0]), this.#span[1]);
  }

  #pull({ target, clientX, pointerId, button }: PointerEvent): void {
    if (button !== 0) return;
    const pull = this.#choosePull(target, this.#round(this.#timeAt(clientX)));
    this.#element.setPointerCapture(pointerId);
    const ending = new AbortController();
    let isDrawn = false;
    const listen = (type: 'pointermove' | 'pointerup' | 'pointercancel', act: (x: number) => void) => {
      this.#element.addEventListener(
        type,
        (event) => {
          act(event.clientX);
        },
        { signal: ending.signal },
      );
    };
    listen('pointermove', (x) => {
      isDrawn ||= Math.abs(x - clientX) > still;
      if (isDrawn) this.#place(pull(this.#round(this.#timeAt(x))));
    });
    listen('pointerup', (x) => {
      ending.abort();
      if (isDrawn) this.#choose(pull(this.#round(this.#timeAt(x))));
      else if (target instanceof Element && !target.closest('.edge')) this.#choose(this.#dayAt(x));
    });
    listen('pointercancel', () => {
      ending.abort();
      this.#place(this.#period.value ?? this.#span);
    });
  }

  #choosePull(target: EventTarget | null, from: number): Pull {
    const [start, end] = this.#period.value ?? this.#span;
    const edge = this.#edges.findIndex((one) => one === target);
    const isWithin = target instanceof Element && target.closest('.window') !== null;
    if (edge === -1 && this.#period.value && isWithin)
      return (to) => {
        const [least, most] = [this.#span[0] - start, this.#span[1] - end];
        const by = Math.min(Math.max(to - from, least), most);
        return [start + by, end + by];
      };
    const fixed = edge === 0 ? end : edge === 1 ? start : from;
    return (to) => [Math.min(fixed, to), Math.max(fixed, to)];
  }

  #dayAt(x: number): Span {
    const { clock } = this.#write;
    const day = Math.floor(clock.shift(this.#timeAt(x)) / dayMs);
    return [clock.unshift(day * dayMs), clock.unshift((day + 1) * dayMs)];
  }

  #step(event: KeyboardEvent, at: number): void {
    const period: Span = [...(this.#period.value ?? this.#span)];
    const [now, way] = [known(period[at]), ways[event.key]];
    const days: Partial<Record<string, number>> = { PageUp: now + dayMs, PageDown: now - dayMs };
    const ends: Partial<Record<string, number>> = { Home: this.#span[0], End: this.#span[1] };
    const to = way === undefined ? (days[event.key] ?? ends[event.key]) : now + way * this.#grain;
    if (to === undefined) return;
    event.preventDefault();
    period[at] = this.#round(to);
    this.#choose(period);
  }

  #choose([start, end]: Span): void {
    if (start < end) this.#period.choose([start, end]);
    this.#place(this.#period.value ?? this.#span);
  }
}
