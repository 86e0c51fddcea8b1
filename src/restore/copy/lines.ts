import { carriageReturn, newline } from './bytes.ts';

const terminator = Buffer.from('\n\\.');
const mark = terminator.subarray(1);

/** Assembles whole lines from chunks that are cut anywhere. */
export class Lines {
  #held: Buffer[] = [];
  #size = 0;

  /** Returns the lines that end in a chunk, with the held start of the first one; holds the rest. */
  add(chunk: Buffer): Buffer {
    const cut = chunk.lastIndexOf(newline) + 1;
    const whole = chunk.subarray(0, cut);
    const lines = cut > 0 && this.#held.length > 0 ? Buffer.concat([...this.#held, whole]) : whole;
    if (cut > 0) this.#held = [];
    this.#size = cut > 0 ? chunk.length - cut : this.#size + chunk.length;
    if (cut < chunk.length) this.#held.push(chunk.subarray(cut));
    return lines;
  }

  /** The number of bytes held of an unfinished line. */
  get size(): number {
    return this.#size;
  }

  get rest(): Buffer {
    return Buffer.concat(this.#held);
  }

  /** Drops the unfinished line, except the bytes that tell whether it ends the data. */
  shorten(): void {
    this.#held = [this.rest.subarray(0, terminator.length)];
    this.#size = Math.min(this.#size, terminator.length);
  }
}

/**
 * Finds where the line `\.` that ends COPY data starts and ends, among whole lines. No row looks like it, because
 * values double their backslashes.
 */
export function findEnd(lines: Buffer): { start: number; stop: number } | undefined {
  for (let start = lines.indexOf(mark); start >= 0; start = lines.indexOf(mark, start + 1)) {
    const stop = start + (lines[start + 2] === carriageReturn ? 4 : 3);
    const isLine = start === 0 || lines[start - 1] === newline;
    if (isLine && lines[stop - 1] === newline) return { start, stop };
  }
  return undefined;
}
