import type { Writer } from '../shared/text/format.ts';
import { Control } from './control.ts';
import { snap } from '../shared/ladder.ts';
import type { Ladder } from '../shared/ladder.ts';
import { known } from '../shared/known.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';
import { formatMoment, parseMoment, stepMoment } from '../shared/text/minute-text.ts';

type Span = [start: number, end: number];

const arrows: Partial<Record<string, 1 | -1>> = { ArrowUp: 1, ArrowDown: -1 };

/** The number of last days offered one by one. */
const offered = 7;

/**
 * Lists the quick choices of a page: the last week and each of the last days. The last hour and 10 minutes follow,
 * unless the page ends at midnight, when nobody asks for them. Each choice is shorter than the page.
 */
function listPeriods([start, end]: Span, { t, weekday, clock }: Writer): [name: string, period: Span][] {
  const shown = Math.floor(clock.shift(end) / dayMs) * dayMs;
  const midnight = clock.unshift(shown);
  const days = Array.from({ length: offered }, (_, ago): [string, Span] => {
    const day: Span = [clock.unshift(shown - (ago + 1) * dayMs), clock.unshift(shown - ago * dayMs)];
    return [weekday(day[0]), day];
  });
  const all: [string, Span][] = [
    [t('The last 7 days'), [end - 7 * dayMs, end]],
    ...days,
    ...(end === midnight
      ? []
      : [
          [t('The last hour'), [end - hourMs, end]] satisfies [string, Span],
          [t('The last 10 minutes'), [end - 10 * minuteMs, end]] satisfies [string, Span],
        ]),
  ];
  return all.filter(([, [from, to]]) => from >= start && to - from < end - start);
}

/**
 * A period to the minute, in the clock of the page, without its end; Unix milliseconds. Null is the whole period of the
 * page.
 */
export class Period extends Control<Span> {
  #span: Span = [0, 0];
  #ladder: Ladder = [];
  #write: Writer | undefined;
  #pick = document.createElement('select');
  #from = document.createElement('input');
  #to = document.createElement('input');

  /** Limits the choice to the period of the page, and to its steps. */
  limit(span: Span, ladder: Ladder, write: Writer): void {
    this.#span = span;
    this.#ladder = ladder;
    this.#write = write;
    this.#pick = this.querySelector('select') ?? this.#pick;
    [this.#from = this.#from, this.#to = this.#to] = this.querySelectorAll('input');
    for (const input of [this.#from, this.#to]) this.#listen(input);
    this.#pick.addEventListener('change', (event) => {
      event.stopPropagation();
      const [start, end] = this.#pick.value.split(',').map(Number);
      this.choose(start === undefined || end === undefined ? null : [start, end]);
    });
    this.retell();
  }

  /** Rewrites its times when the page's clock changes. */
  retell(): void {
    this.#offer(known(this.#write));
    this.show();
  }

  /** Offers the quick choices that consist of whole steps. */
  #offer(write: Writer): void {
    this.#pick.length = 1;
    for (const [name, period] of listPeriods(this.#span, write))
      if (this.resolve(period)?.join() === period.join()) this.#pick.append(new Option(name, period.join()));
    const other = new Option(write.t('Another period'), '-1');
    other.disabled = true;
    this.#pick.append(other);
  }

  /** Handles keys: arrows change the part of the time at the caret, Escape undoes typing. */
  #listen(input: HTMLInputElement): void {
    input.addEventListener('input', (event) => {
      event.stopPropagation();
    });
    input.addEventListener('change', (event) => {
      event.stopPropagation();
      this.#read(input);
    });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.show();
      const by = arrows[event.key];
      if (by === undefined) return;
      event.preventDefault();
      this.#step(input, by);
    });
    input.addEventListener('keyup', ({ key }) => {
      if (key in arrows) this.#read(input);
    });
  }

  #step(input: HTMLInputElement, by: 1 | -1): void {
    const caret = input.selectionStart ?? 0;
    const ms = stepMoment(input.value, caret, by);
    if (ms === undefined) return;
    const wanted = known(this.#write).clock.unshift(ms);
    input.value = this.#format(Math.min(Math.max(wanted, this.#span[0]), this.#span[1]));
    input.setSelectionRange(caret, caret);
  }

  /** Chooses the period typed into the fields, or reports its mistake. */
  #read(edited: HTMLInputElement): void {
    const [start, end] = this.value ?? this.#span;
    const { clock } = known(this.#write);
    const from = clock.unshift(parseMoment(this.#from.value, clock.shift(start), false));
    const to = clock.unshift(parseMoment(this.#to.value, clock.shift(end), true));
    const fault = this.#judge(from, to);
    if (fault) {
      const misread = Number.isNaN(from) ? this.#from : Number.isNaN(to) ? this.#to : edited;
      this.#blame(misread, fault);
      return;
    }
    this.choose([from, to]);
    this.show();
  }

  #judge(from: number, to: number): string {
    const [start, end] = this.#span;
    const { t, range, clock } = known(this.#write);
    if (Number.isNaN(from + to))
      return t('A time is written like this: {example}.', { example: this.#format(end) });
    if (from >= to) return t('The end must be later than the start.');
    if (from < end && to > start) return '';
    return t('This file covers {range} {zone}.', { range: range(start, end), zone: clock.name(start, end) });
  }

  /** Marks the invalid field, if any. */
  #blame(wrong: HTMLInputElement | null, fault: string): void {
    const place = this.querySelector('.fault');
    if (place) place.textContent = fault;
    for (const input of [this.#from, this.#to]) input.setAttribute('aria-invalid', String(input === wrong));
  }

  /** Widens a period to all steps that it touches. */
  protected override resolve(value: Span | null): Span | null {
    if (!value) return null;
    const steps = snap(this.#ladder, { start: value[0], end: value[1] });
    const [start, end] = [Math.max(steps.start, this.#span[0]), Math.min(steps.end, this.#span[1])];
    const whole = start <= this.#span[0] && end >= this.#span[1];
    return whole || !(start < end) ? null : [start, end];
  }

  protected override show(): void {
    const [start, end] = this.value ?? this.#span;
    this.#from.value = this.#format(start);
    this.#to.value = this.#format(end);
    this.#blame(null, '');
    const wanted = this.value ? this.value.join() : '0';
    const picked = [...this.#pick.options].some(({ value }) => value === wanted);
    this.#pick.value = picked ? wanted : '-1';
  }

  #format(ms: number): string {
    const clock = this.#write?.clock;
    return formatMoment(clock ? clock.shift(ms) : ms, document.documentElement.lang);
  }
}
