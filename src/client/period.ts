import { Control } from './control.ts';

type Span = [start: number, end: number];

const minute = 60_000;

/** A period to the minute in UTC, its end not in it; Unix milliseconds. Null is the whole period of the page. */
export class Period extends Control<Span> {
  #span: Span = [0, 0];
  readonly #from = this.#input();
  readonly #to = this.#input();

  /** Limits the choice to the period of the page. */
  limit(span: Span): void {
    this.#span = span;
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

  /** Chooses the minutes that a stretch of the time axis touches. */
  cover([from, to]: Span): void {
    this.choose([Math.floor(from / minute) * minute, Math.ceil(to / minute) * minute]);
  }

  #input(): HTMLInputElement {
    const input = document.createElement('input');
    input.type = 'datetime-local';
    input.addEventListener('change', () => {
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
  }
}

function format(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

function parse(text: string): number {
  return Date.parse(`${text}Z`);
}
