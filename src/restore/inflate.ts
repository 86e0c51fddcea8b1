import { Readable, pipeline } from 'node:stream';
import { createUnzip } from 'node:zlib';
import { messageOf, ZenError } from '../errors.ts';
import type { Compression } from './toc.ts';

/**
 * The data of an archive as it was before it was compressed. zlib's and gzip's checksums are compared when it is read
 * to the end.
 *
 * @throws ZenError `failed` when it is damaged, or compressed in a way that Zen does not read
 */
export async function* inflate(
  chunks: AsyncIterable<Buffer>,
  compression: Compression,
  path: string,
): AsyncGenerator<Buffer> {
  if (compression === 'lz4' || compression === 'zstd') {
    throw new ZenError(
      'failed',
      `${path} is compressed with ${compression}. Make it with pg_dump --compress=gzip.`,
    );
  }
  try {
    yield* compression === 'none' ? chunks : unzip(chunks);
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

function unzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return pipeline(
    Readable.from(chunks, { objectMode: false }),
    createUnzip({ chunkSize: 1 << 18 }),
    () => undefined,
  );
}
