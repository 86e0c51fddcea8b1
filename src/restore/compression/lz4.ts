import type { XXHashAPI } from 'xxhash-wasm';
import { ZenError } from '../../errors.ts';

const magic = 0x184d2204;
const skippable = 0x184d2a50;
const historyBytes = 1 << 16;
const shortestMatch = 4;

interface FrameHeader {
  /** True when blocks may refer to earlier ones. */
  linked: boolean;
  blockBytes: number;
  /** True when a checksum follows each block. */
  blocksChecked: boolean;
  /** True when a checksum follows the last block. */
  checked: boolean;
  /** The size of the content in bytes, if stated. */
  size: bigint | undefined;
}

/**
 * Decompresses lz4: any number of frames, one after another (lz4's doc/lz4_Frame_format.md). Verifies checksums when
 * frames have them.
 *
 * @throws Error when they are damaged, incomplete or in an older format
 * @throws ZenError `failed` when they need a dictionary
 */
export async function* unlz4(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const { default: load } = await import('xxhash-wasm');
  const hash = await load();
  const source = new ChunkReader(chunks);
  while (await source.more()) {
    const number = (await source.take(4)).readUInt32LE();
    if (isSkippable(number)) await source.skip((await source.take(4)).readUInt32LE());
    else if (number === magic) yield* readBlocks(source, await readFrame(source, hash, path), hash);
    else throw new Error('what follows is not a frame of lz4');
  }
}

/** Skippable frames of lz4 and zstd, which may stand among the others: a magic number, then a length. */
export function isSkippable(number: number): boolean {
  return number >= skippable && number < skippable + 16;
}

/** The frame descriptor: flags, the block size, perhaps the content size, and a checksum of all these. */
async function readFrame(source: ChunkReader, hash: XXHashAPI, path: string): Promise<FrameHeader> {
  const start = await source.take(2);
  const [flags = 0, blocks = 0] = start;
  if (flags >> 6 !== 1 || (flags & 2) !== 0 || (blocks & 0x8f) !== 0 || blocks >> 4 < 4) {
    throw new Error('its frame is of an unknown version');
  }
  if ((flags & 1) !== 0) throw new ZenError('failed', `${path} needs a dictionary. Compress it without one.`);
  const size = await source.take((flags & 8) !== 0 ? 8 : 0);
  const checksum = (hash.h32Raw(Buffer.concat([start, size])) >>> 8) & 0xff;
  if ((await source.take(1)).readUInt8() !== checksum) wrongChecksum();
  return {
    linked: (flags & 0x20) === 0,
    blockBytes: 1 << (8 + 2 * (blocks >> 4)),
    blocksChecked: (flags & 0x10) !== 0,
    checked: (flags & 4) !== 0,
    size: size.length > 0 ? size.readBigUInt64LE() : undefined,
  };
}

async function* readBlocks(source: ChunkReader, frame: FrameHeader, hash: XXHashAPI): AsyncGenerator<Buffer> {
  const content = hash.create32();
  const memory = Buffer.alloc(historyBytes + frame.blockBytes);
  let history = 0;
  let size = 0n;
  for (
    let block = await readBlock(source, frame, hash);
    block;
    block = await readBlock(source, frame, hash)
  ) {
    const end = block.stored
      ? history + block.data.copy(memory, history)
      : expandBlock(block.data, memory.subarray(0, history + frame.blockBytes), history);
    const piece = Buffer.from(memory.subarray(history, end));
    if (frame.checked) content.update(piece);
    size += BigInt(piece.length);
    if (piece.length > 0) yield piece;
    history = frame.linked ? memory.copy(memory, 0, Math.max(end - historyBytes, 0), end) : 0;
  }
  if (size !== (frame.size ?? size)) throw new Error(`it holds ${size} bytes, not ${frame.size}`);
  if (frame.checked && (await source.take(4)).readUInt32LE() !== content.digest()) wrongChecksum();
}

/** A block. The highest bit of its length tells whether it is stored uncompressed; a length of 0 ends the frame. */
async function readBlock(
  source: ChunkReader,
  { blockBytes, blocksChecked }: FrameHeader,
  hash: XXHashAPI,
): Promise<{ data: Buffer; stored: boolean } | undefined> {
  const word = (await source.take(4)).readUInt32LE();
  if (word === 0) return undefined;
  const length = word & 0x7fffffff;
  if (length > blockBytes) throw new Error(`a block of ${length} bytes`);
  const data = await source.take(length);
  if (blocksChecked && (await source.take(4)).readUInt32LE() !== hash.h32Raw(data)) wrongChecksum();
  return { data, stored: word !== length };
}

/**
 * Expands a block (lz4's doc/lz4_Block_format.md). Each sequence is some literals, then a match that repeats what
 * stands `offset` bytes back in `memory`; the last has literals only.
 *
 * @param at where in `memory` the block begins; earlier bytes are its history
 * @returns where it ends
 */
export function expandBlock(block: Buffer, memory: Buffer, at: number): number {
  for (let next = 0; next < block.length;) {
    const token = block[next++] ?? 0;
    let length = token >> 4;
    for (let more = length === 15 ? 255 : 0; more === 255; length += more) more = block[next++] ?? broken();
    if (next + length > block.length || at + length > memory.length) broken();
    block.copy(memory, at, next, next + length);
    at += length;
    next += length;
    if (next === block.length) return at;
    const offset = (block[next++] ?? 0) + 256 * (block[next++] ?? broken());
    length = token & 15;
    for (let more = length === 15 ? 255 : 0; more === 255; length += more) more = block[next++] ?? broken();
    length += shortestMatch;
    if (offset === 0 || offset > at || at + length > memory.length) broken();
    copyMatch(memory, at, offset, length);
    at += length;
  }
  return broken();
}

/** Copies a match, which may overlap its own output and then repeats it. */
function copyMatch(memory: Buffer, at: number, offset: number, length: number): void {
  if (length > 32 && offset >= length) memory.copyWithin(at, at - offset, at - offset + length);
  else for (const end = at + length; at < end; at++) memory[at] = memory[at - offset] ?? 0;
}

function broken(): never {
  throw new Error('a block is broken');
}

function wrongChecksum(): never {
  throw new Error('a checksum is wrong');
}

/** Takes any number of bytes from chunks of any size. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Buffer, undefined>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  }

  /** Tells whether anything is left. */
  async more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#rest = next.value;
    }
    return true;
  }

  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      const piece = await this.#piece(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  async skip(count: number): Promise<void> {
    for (let missing = count; missing > 0;) missing -= (await this.#piece(missing)).length;
  }

  async #piece(longest: number): Promise<Buffer> {
    if (!(await this.more())) throw new Error('it ends too early');
    const piece = this.#rest.subarray(0, longest);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}
