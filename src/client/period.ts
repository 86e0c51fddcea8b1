import type { Writer } from '../shared/words.ts';
import { Control } from './control.ts';

type Span = [start: number, end: number];

const minute = 60_000;

const stretches: [name: string, ms: number][] = [
  ['The last 10 minutes', 10 * minute],
  ['The last hour', 60 * minute],
  ['The last 24 hours', 24 * 60 * minute],
  ['The last 7 days', 7 * 24 * 60 * minute],
];

/** A period to the minute in UTC, its end not in it; Unix milliseconds. Null is the whole period of the page. */
export class Period extends Control<Span> {
  #span: Span = [0, 0];
  readonly #pick = document.createElement('select');
  readonly #from = this.#input();
  readonly #to = this.#input();

  /** Limits the choice to the period of the page. */
  limit(span: Span, write: Writer): void {
    this.#span = span;
    this.#offer(write);
    for (const [input, text] of [
      [this.#from, this.dataset.from ?? ''],
      [this.#to, this.dataset.to ?? ''],
    ] as const) {
      const label = document.createElement('label');
      label.append(text, input);
      input.min = format(span[0]);
      input.max = format(span[1]);
      this.append(label);
    }
    this.show();
  }

  /** Quick picks: the last hour, day or week of a page that covers more. */
  #offer(write: Writer): void {
    const [start, end] = this.#span;
    const fitting = stretches.filter(([, ms]) => end - start > ms);
    if (fitting.length === 0) return;
    this.#pick.setAttribute('aria-label', this.dataset.pick ?? '');
    const option = (text: string, ms: number) => new Option(text, String(ms));
    this.#pick.append(
      option(this.dataset.all ?? '', 0),
      ...fitting.map(([name, ms]) => option(write.t(name), ms)),
      option('…', -1),
    );
    this.#pick.options[this.#pick.length - 1]?.toggleAttribute('disabled', true);
    this.#pick.addEventListener('change', (event) => {
      event.stopPropagation();
      const ms = Number(this.#pick.value);
      this.choose(ms > 0 ? [Math.max(start, end - ms), end] : null);
    });
    this.append(this.#pick);
  }

  /** Chooses the minutes that a stretch of the time axis touches. */
  cover([from, to]: Span): void {
    this.choose([Math.floor(from / minute) * minute, Math.ceil(to / minute) * minute]);
  }

  #input(): HTMLInputElement {
    const input = document.createElement('input');
    input.type = 'datetime-local';
    input.addEventListener('change', (event) => {
      event.stopPropagation();
      this.#read();
    });
    return input;
  }

  #read(): void {
    const [start, end] = [parse(this.#from.value), parse(this.#to.value)];
    const wrong = !(start < end);
    this.#to.setCustomValidity(wrong ? '…' : '');
    if (!wrong) this.choose([start, end]);
  }

  protected override resolve(value: Span | null): Span | null {
    if (!value) return null;
    const [start, end] = [Math.max(value[0], this.#span[0]), Math.min(value[1], this.#span[1])];
    const whole = start <= this.#span[0] && end >= this.#span[1];
    return whole || !(start < end) ? null : [start, end];
  }

  protected override show(): void {
    const [start, end] = this.value ?? this.#span;
    this.#from.value = format(start);
    this.#to.value = format(end);
    this.#to.setCustomValidity('');
    const length = this.value ? (end === this.#span[1] ? end - start : -1) : 0;
    const picked = [...this.#pick.options].some(({ value }) => value === String(length));
    this.#pick.value = picked ? String(length) : '-1';
  }
}

function format(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

function parse(text: string): number {
  return Date.parse(`${text}Z`);
}
