const newline = 10;
const carriageReturn = 13;
const terminator = Buffer.from('\n\\.');

/** Makes whole lines of chunks that are cut anywhere. */
export class Lines {
  #held: Buffer[] = [];
  #size = 0;

  /** The lines that end in a chunk, the first of them with what was held of it; what follows them is held. */
  add(chunk: Buffer): Buffer {
    const cut = chunk.lastIndexOf(newline) + 1;
    const lines = Buffer.concat(cut > 0 ? [...this.#held, chunk.subarray(0, cut)] : []);
    if (cut > 0) this.#held = [];
    this.#size = cut > 0 ? chunk.length - cut : this.#size + chunk.length;
    if (cut < chunk.length) this.#held.push(chunk.subarray(cut));
    return lines;
  }

  /** How many bytes are held of a line that has not ended. */
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
  const isFirst = lines.subarray(0, 2).equals(terminator.subarray(1));
  for (let start = isFirst ? 0 : findLine(lines, 0); start >= 0; start = findLine(lines, start)) {
    const stop = start + (lines[start + 2] === carriageReturn ? 4 : 3);
    if (lines[stop - 1] === newline) return { start, stop };
  }
  return undefined;
}

function findLine(lines: Buffer, from: number): number {
  const before = lines.indexOf(terminator, from);
  return before < 0 ? -1 : before + 1;
}
