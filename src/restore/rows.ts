import { ZenError } from '../errors.ts';

const newline = 10;
const terminator = Buffer.from('\\.\n');
const longestRow = 64 << 20;

/**
 * Cuts COPY text into pieces that end with a whole row, and drops the line `\.` that ends the data (a row cannot look
 * like it: in a value, a backslash is doubled). What follows that line must be empty; it is read, so that a checksum is.
 *
 * @throws ZenError `failed` when the data stops before that line, or goes on behind it
 */
export async function* readRows(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let ended = false;
  for await (const chunk of chunks) {
    const data: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const lines = data.subarray(0, data.lastIndexOf(newline) + 1);
    rest = data.subarray(lines.length);
    if (rest.length > longestRow) {
      throw new ZenError('failed', `${path} has a row of more than 64 MB. Check what it is.`);
    }
    const end: number = ended ? 0 : findTerminator(lines);
    if (!isBlank(lines.subarray(ended ? 0 : end + terminator.length))) {
      throw new ZenError('failed', `${path} has data behind the last row: it is damaged. Copy it again.`);
    }
    yield lines.subarray(0, end);
    ended ||= end < lines.length;
  }
  if (!ended || rest.length > 0) {
    throw new ZenError('failed', `${path} stops before its last row: the dump is incomplete. Copy it again.`);
  }
}

/** Where the line `\.` stands, or the end. */
function findTerminator(lines: Buffer): number {
  if (lines.subarray(0, terminator.length).equals(terminator)) return 0;
  const found = lines.indexOf(Buffer.concat([Buffer.of(newline), terminator]));
  return found < 0 ? lines.length : found + 1;
}

function isBlank(lines: Buffer): boolean {
  return lines.every((byte) => byte === newline);
}
