import type { Window } from '../../src/time.ts';

/** A value for every moment, or none; what is painted later covers what was there before. */
export class Timeline<Value extends string> {
  /** From each time on, Unix milliseconds, that value. */
  #changes: [from: number, value: Value | undefined][] = [];

  paint({ start, end }: Window, value: Value | undefined): void {
    if (start >= end) return;
    const after = this.at(end);
    const around = this.#changes.filter(([from]) => from < start || from > end);
    this.#changes = [...around];
    this.#changes.push([start, value], [end, after]);
    this.#changes.sort(([a], [b]) => a - b);
  }

  copy(): Timeline<Value> {
    const copy = new Timeline<Value>();
    copy.#changes = [...this.#changes];
    return copy;
  }

  at(time: number): Value | undefined {
    return this.#changes.findLast(([from]) => from <= time)?.[1];
  }

  get edges(): number[] {
    return this.#changes.map(([from]) => from);
  }

  /** The stretches that have a value, in order; each as long as it can be. */
  stretches(): (Window & { value: Value })[] {
    return [...new Set(this.#changes.map(([, value]) => value))]
      .flatMap((value) =>
        value === undefined
          ? []
          : where(this.edges, (time) => this.at(time) === value).map((window) => ({ ...window, value })),
      )
      .sort((a, b) => a.start - b.start);
  }
}

/** Where something is so that changes at these times only, as the fewest windows, in order. */
export function where(edges: readonly number[], isSo: (time: number) => boolean): Window[] {
  const times = [...new Set(edges)].sort((a, b) => a - b);
  const found: Window[] = [];
  for (const [place, start] of times.slice(0, -1).entries()) {
    const end = times[place + 1] ?? start;
    if (!isSo(start)) continue;
    const last = found.at(-1);
    if (last?.end === start) last.end = end;
    else found.push({ start, end });
  }
  return found;
}
