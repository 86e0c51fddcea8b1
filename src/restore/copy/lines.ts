import { carriageReturn, newline } from './bytes.ts';

const terminator = Buffer.from('\n\\.');
const mark = terminator.subarray(1);

/** Makes whole lines of chunks that are cut anywhere. */
export class Lines {
  #held: Buffer[] = [];
  #size = 0;

  /** The lines that end in a chunk, the first of them with what was held of it; what follows them is held. */
  add(chunk: Buffer): Buffer {
    const cut = chunk.lastIndexOf(newline) + 1;
    const whole = chunk.subarray(0, cut);
    const lines = cut > 0 && this.#held.length > 0 ? Buffer.concat([...this.#held, whole]) : whole;
    if (cut > 0) this.#held = [];
    this.#size = cut > 0 ? chunk.length - cut : this.#size + chunk.length;
    if (cut < chunk.length) this.#held.push(chunk.subarray(cut));
    return lines;
  }

  /** The number of bytes that are held of a line that has not ended. */
  get size(): number {
    return this.#size;
  }

  get rest(): Buffer {
    return Buffer.concat(this.#held);
  }

  /** Lets go of the line that has not ended, but for as much as tells whether it ends the data. */
  shorten(): void {
    this.#held = [this.rest.subarray(0, terminator.length)];
    this.#size = Math.min(this.#size, terminator.length);
  }
}

/**
 * The line `\.` that ends COPY data, among whole lines: where it starts, and where it ends. A row cannot look like it: in
 * a value, a backslash is doubled.
 */
export function findEnd(lines: Buffer): { start: number; stop: number } | undefined {
  for (let start = lines.indexOf(mark); start >= 0; start = lines.indexOf(mark, start + 1)) {
    const stop = start + (lines[start + 2] === carriageReturn ? 4 : 3);
    const isLine = start === 0 || lines[start - 1] === newline;
    if (isLine && lines[stop - 1] === newline) return { start, stop };
  }
  return undefined;
}
