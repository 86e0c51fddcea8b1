import { Readable, pipeline } from 'node:stream';
import { createUnzip } from 'node:zlib';
import { messageOf, ZenError } from '../../errors.ts';
import { isSkippable, unlz4 } from './lz4.ts';
import type { Compression } from '../formats/toc.ts';
import { unzstd } from './zstd.ts';

type Chunks = AsyncIterable<Buffer>;

const inflaters: Record<Compression, (chunks: Chunks, path: string) => Chunks> = {
  none: (chunks) => chunks,
  gzip: unzip,
  lz4: unlz4,
  zstd: unzstd,
};

/**
 * Yields the decompressed data of an archive. Checksums, which zlib and gzip always have, are verified at the end.
 *
 * @throws ZenError `failed` when it is damaged or needs too much memory
 */
export async function* decompress(
  chunks: Chunks,
  compression: Compression,
  path: string,
): AsyncGenerator<Buffer> {
  try {
    yield* inflaters[compression](chunks, path);
  } catch (error) {
    if (error instanceof ZenError) throw error;
    throw new ZenError(
      'failed',
      `${path} is damaged: it cannot be inflated, ${messageOf(error)}. Copy it again.`,
      {
        cause: error,
      },
    );
  }
}

/** Detects how a file is compressed from its first bytes. */
export function compressionOf(start: Buffer): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  const magic = start.length < 8 ? 0 : start.readUInt32LE();
  if (magic === 0xfd2fb528) return 'zstd';
  if (magic === 0x184d2204) return 'lz4';
  return isSkippable(magic) ? compressionOf(start.subarray(lengthToSkip(start))) : 'none';
}

/** Returns the length of a skippable frame that starts with these bytes; 0 for any other frame. */
export function lengthToSkip(start: Buffer): number {
  return start.length >= 8 && isSkippable(start.readUInt32LE()) ? 8 + start.readUInt32LE(4) : 0;
}

function unzip(chunks: Chunks): Chunks {
  return pipeline(
    Readable.from(chunks, { objectMode: false }),
    createUnzip({ chunkSize: 1 << 18 }),
    () => undefined,
  );
}
