import load from 'xxhash-wasm';

const hash = await load();

interface Lz4Recipe {
  /** True when its blocks refer to those before. */
  linked?: boolean;
  /** True when its blocks are stored as they are. */
  stored?: boolean;
  /** 4 to 7: blocks of 64 kB, 256 kB, 1 MB, 4 MB. */
  size?: number;
  /** The bytes that it holds: then its length and all checksums are written. */
  content?: Buffer;
}

/** Writes a frame of lz4 around blocks that are compressed already (lz4's doc/lz4_Frame_format.md). */
export function lz4Frame(
  blocks: Buffer[],
  { linked = false, stored = false, size = 4, content }: Lz4Recipe = {},
): Buffer {
  const checks = content ? [4, 8, 16] : [];
  const flags = checks.reduce((sum, flag) => sum + flag, 0x40 + (linked ? 0 : 0x20));
  const descriptor = [Buffer.of(flags, size << 4), ...(content ? [long(content.length)] : [])];
  return Buffer.concat([
    word(0x184d2204),
    ...descriptor,
    Buffer.of((hash.h32Raw(Buffer.concat(descriptor)) >>> 8) & 255),
    ...blocks.flatMap((block) => [
      word(block.length + (stored ? 2 ** 31 : 0)),
      block,
      ...(content ? [checksum(block)] : []),
    ]),
    word(0),
    ...(content ? [checksum(content)] : []),
  ]);
}

interface ZstdRecipe {
  /** The window is 2 to this power. */
  window?: number;
  /** The number of times that each block's only byte stands in it; otherwise blocks are stored as they are. */
  repeated?: number;
}

/** Writes a frame of zstd, without a checksum, of blocks that are not compressed (RFC 8878, 3.1.1). */
export function zstdFrame(blocks: Buffer[], { window = 17, repeated }: ZstdRecipe = {}): Buffer {
  const written = blocks.flatMap((block, index) => {
    const last = index === blocks.length - 1 ? 1 : 0;
    const header = ((repeated ?? block.length) << 3) + (repeated ? 2 : 0) + last;
    return [word(header).subarray(0, 3), block];
  });
  return Buffer.concat([word(0xfd2fb528), Buffer.of(0, (window - 10) << 3), ...written]);
}

/** A frame that both lz4 and zstd pass over. */
export function skippableFrame(content: Buffer): Buffer {
  return Buffer.concat([word(0x184d2a5e), word(content.length), content]);
}

function checksum(data: Buffer): Buffer {
  return word(hash.h32Raw(data));
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function long(value: number): Buffer {
  return Buffer.concat([word(value), word(0)]);
}
