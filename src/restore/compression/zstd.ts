import { ZenError } from '../../errors.ts';

const streamBytes = 1 << 18;

/** The exports of the library's WebAssembly: zstd's own functions, on its own memory, with addresses as numbers. */
interface Zstd {
  memory: { buffer: ArrayBuffer };
  malloc: (bytes: number) => number;
  free: (address: number) => void;
  ZSTD_createDCtx: () => number;
  ZSTD_freeDCtx: (context: number) => number;
  ZSTD_decompressStream: (context: number, output: number, input: number) => number;
}

/** zstd's errors that a file may cause, by number (zstd_errors.h); functions return them negated. */
const damages: Record<number, string> = { 10: 'what follows is not zstd', 22: 'its checksum is wrong' };
const refusals: Record<number, string> = {
  16: 'needs a window of more than 128 MB. Compress it with zstd --long=27 at most',
  32: 'needs a dictionary. Compress it without one',
};
const mostErrors = 120;

let zstd: Promise<Zstd> | undefined;

/** Drives zstd's stream functions directly, because the library's own stream reports no errors and cannot be awaited. */
async function loadZstd(): Promise<Zstd> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  const start = decoder._init.bind(decoder);
  return new Promise((resolve, reject) => {
    decoder._init = (result) => {
      start(result);
      resolve((result as { instance: { exports: unknown } }).instance.exports as Zstd);
    };
    decoder.init().catch(reject);
  });
}

/**
 * Decompresses zstd: any number of frames, one after another (RFC 8878). Verifies checksums when frames have them.
 *
 * @throws Error when they are damaged or incomplete
 * @throws ZenError `failed` when they need a dictionary, or more memory than zstd's own limit of 128 MB
 */
export async function* unzstd(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const stream = new Stream(await (zstd ??= loadZstd()), path);
  try {
    for await (const chunk of chunks) yield* stream.read(chunk);
    if (!stream.complete) throw new Error('it ends too early');
  } finally {
    stream.free();
  }
}

/** Returns a synchronous function that decompresses a piece in memory into the expected number of bytes. */
export async function loadUnzstd(): Promise<(packed: Uint8Array, length: number) => Buffer> {
  const loaded = await (zstd ??= loadZstd());
  return (packed, length) => {
    const stream = new Stream(loaded, 'a page');
    const pieces: Buffer[] = [];
    let size = 0;
    try {
      for (const piece of stream.read(Buffer.from(packed))) {
        pieces.push(piece);
        size += piece.length;
        if (size > length) break;
      }
      if (size !== length || !stream.complete)
        throw new Error(`a page of another length than ${length} bytes`);
      return Buffer.concat(pieces);
    } finally {
      stream.free();
    }
  };
}

/** ZSTD_decompressStream, with a ZSTD_outBuffer and a ZSTD_inBuffer, each an address, a size and a position (zstd.h). */
class Stream {
  complete = true;
  readonly #zstd: Zstd;
  readonly #path: string;
  readonly #context: number;
  readonly #buffers: number;
  readonly #output: number;
  readonly #input: number;

  constructor(zstd: Zstd, path: string) {
    this.#zstd = zstd;
    this.#path = path;
    this.#context = zstd.ZSTD_createDCtx();
    this.#buffers = zstd.malloc(6 * 4 + 2 * streamBytes);
    this.#output = this.#buffers + 6 * 4;
    this.#input = this.#output + streamBytes;
  }

  *read(chunk: Buffer): Generator<Buffer> {
    for (let start = 0; start < chunk.length; start += streamBytes) {
      yield* this.#read(chunk.subarray(start, start + streamBytes));
    }
  }

  /** Memory may move whenever zstd allocates more. */
  *#read(input: Buffer): Generator<Buffer> {
    new Uint8Array(this.#zstd.memory.buffer).set(input, this.#input);
    for (let position = 0; position < input.length;) {
      this.#words.set([this.#output, streamBytes, 0, this.#input, input.length, position]);
      const left = this.#zstd.ZSTD_decompressStream(this.#context, this.#buffers, this.#buffers + 3 * 4);
      if (left < 0 && left >= -mostErrors) this.#fail(-left);
      this.complete = left === 0;
      const [, , length = 0, , , read = 0] = this.#words;
      if (length > 0) yield Buffer.from(this.#zstd.memory.buffer.slice(this.#output, this.#output + length));
      position = read;
    }
  }

  #fail(error: number): never {
    const refusal = refusals[error];
    if (refusal) throw new ZenError('failed', `${this.#path} ${refusal}.`);
    throw new Error(damages[error] ?? `error ${error} of zstd`);
  }

  get #words(): Uint32Array {
    return new Uint32Array(this.#zstd.memory.buffer, this.#buffers, 6);
  }

  free(): void {
    this.#zstd.ZSTD_freeDCtx(this.#context);
    this.#zstd.free(this.#buffers);
  }
}
