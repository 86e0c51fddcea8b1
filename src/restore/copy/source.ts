import { newline } from './bytes.ts';
import type { CopyEncoder } from './encoder.ts';

/** The rows to load: COPY binary as long as that is certain, then the rest as COPY text. */
export class RowSource {
  readonly #pieces: AsyncIterator<Buffer, undefined>;
  readonly #report: (rows: number) => void;
  #left: Buffer | undefined;
  #rows = 0;

  /**
   * @param report called after each piece with the number of rows taken
   * @param report told how many rows have been taken, after each piece
   */
  constructor(pieces: AsyncIterator<Buffer, undefined>, report: (rows: number) => void) {
    this.#pieces = pieces;
    this.#report = report;
  }

  /** Yields COPY binary as long as the encoder is sure of it. */
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

  /** Yields the rest as COPY text, counting its rows while the database is busy with them. */
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
