/** Whole numbers from 0 to 2⁵³ as LEB128 varints: seven bits a byte, lowest first (DWARF 5, section 7.6). */
export class VarintWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** @throws Error for any other number */
  write(value: number): void {
    if (!isWhole(value)) throw new Error(`A page holds whole numbers from 0 to 2⁵³, not ${value}.`);
    if (this.#length + 8 > this.#bytes.length) this.#grow();
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 128;
    this.#bytes[this.#length++] = rest;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** Returns the bytes written so far. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** A number that can be written. */
export function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Reads what a `VarintWriter` wrote. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @throws Error when no bytes are left */
  read(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined || first > 127) return this.#readLong();
    this.#at++;
    return first;
  }

  #readLong(): number {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('The data of this page ends too early.');
      value += (byte & 127) * weight;
      if (byte < 128) return value;
    }
  }

  /** @throws Error when bytes are left over */
  end(): void {
    if (this.#at < this.#bytes.length) throw new Error('The data of this page goes on after its end.');
  }
}

/** Joins several pieces, each preceded by its length. */
export function joinPieces(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const lengths = new VarintWriter();
  lengths.write(pieces.length);
  for (const piece of pieces) lengths.write(piece.length);
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, lengths.bytes.length));
  joined.set(lengths.bytes);
  let at = lengths.bytes.length;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/**
 * Reverses `joinPieces`, for at most that many pieces.
 *
 * @throws Error when the bytes do not match the lengths, or there are too many pieces
 */
export function split(bytes: Uint8Array, most: number): Uint8Array[] {
  const reader = new VarintReader(bytes);
  const pieces = reader.read();
  if (pieces > most) throw new Error(`The data of this page has ${pieces} pieces, not ${most}.`);
  const lengths = Array.from({ length: pieces }, () => reader.read());
  let at = bytes.length - lengths.reduce((sum, length) => sum + length, 0);
  if (at < lengths.length + 1) throw new Error('The data of this page ends too early.');
  return lengths.map((length) => bytes.subarray(at, (at += length)));
}
