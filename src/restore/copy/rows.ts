import { ZenError } from '../../errors.ts';
import { newline } from './bytes.ts';
import { findEnd, Lines } from './lines.ts';

const longestRow = 64 << 20;

/**
 * Cuts COPY text into pieces of whole rows, and drops the line `\.` that ends the data. The rest must be empty; it is
 * read to verify the checksum.
 *
 * @throws ZenError `failed` when the data stops before that line or continues after it
 */
export async function* cutRows(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const held = new Lines();
  let ended = false;
  for await (const part of parts(chunks, held)) {
    const lines = held.add(part);
    if (held.size > longestRow) {
      throw new ZenError('failed', `${path} has a row of more than 64 MB. Check what it is.`);
    }
    const end = ended ? { start: 0, stop: 0 } : findEnd(lines);
    if (end && !isOnlyNewlines(lines.subarray(end.stop))) {
      throw new ZenError('failed', `${path} has data after the last row: it is damaged. Copy it again.`);
    }
    yield lines.subarray(0, end?.start);
    if (end) ended = true;
  }
  if (!ended || held.size > 0) {
    throw new ZenError('failed', `${path} stops before its last row: the dump is incomplete. Copy it again.`);
  }
}

/** Splits each chunk after the row that began in the one before, so that only that row is copied. */
async function* parts(chunks: AsyncIterable<Buffer>, held: Lines): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    const end = held.size > 0 ? chunk.indexOf(newline) + 1 : 0;
    if (end > 0) yield chunk.subarray(0, end);
    yield chunk.subarray(end);
  }
}

function isOnlyNewlines(lines: Buffer): boolean {
  return lines.every((byte) => byte === newline);
}
