import { newline } from './bytes.ts';
import type { CopyEncoder } from './encoder.ts';

/** The rows to load, in COPY text, which can be taken in two forms: as binary while that is certain, and the rest as they are. */
export class RowSource {
  readonly #pieces: AsyncIterator<Buffer, undefined>;
  readonly #report: (rows: number) => void;
  #left: Buffer | undefined;
  #rows = 0;

  /** @param report told how many rows have been taken, after each piece */
  constructor(pieces: AsyncIterator<Buffer, undefined>, report: (rows: number) => void) {
    this.#pieces = pieces;
    this.#report = report;
  }

  /** COPY binary, as far as the encoder is sure of it. */
  async *encode(encoder: CopyEncoder): AsyncGenerator<Buffer> {
    for (let piece = await this.#take(); piece; piece = await this.#take()) {
      const end = yield* encoder.encode(piece);
      this.#rows = encoder.rows;
      this.#report(this.#rows);
      if (!encoder.sure) {
        this.#left = piece.subarray(end);
        break;
      }
    }
    yield* encoder.flush();
  }

  /** Yields the rest, as COPY text. Its rows are counted while the database is busy with them. */
  async *rest(): AsyncGenerator<Buffer> {
    for (let piece = await this.#take(); piece; piece = await this.#take()) {
      yield piece;
      this.#rows += countNewlines(piece);
      this.#report(this.#rows);
    }
  }

  async #take(): Promise<Buffer | undefined> {
    const left = this.#left;
    this.#left = undefined;
    return left ?? (await this.#pieces.next()).value;
  }
}

function countNewlines(piece: Buffer): number {
  let rows = 0;
  for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, at + 1)) rows++;
  return rows;
}
