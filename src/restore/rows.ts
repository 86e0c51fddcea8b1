import { ZenError } from '../errors.ts';

/**
 * The columns of a COPY statement as pg_dump writes it, in their order: `COPY s.t (a, "B c") FROM stdin;`.
 *
 * @throws ZenError `failed` for a dump that holds INSERT statements instead
 */
export function readColumns(copy: string): string[] {
  const list = /\(((?:"(?:[^"]|"")*"|[^"()])*)\) FROM stdin;\s*$/.exec(copy)?.[1];
  if (list === undefined) {
    throw new ZenError('failed', 'The dump was made with --inserts. Make it without: pg_dump -Fc.');
  }
  const names = list.match(/"(?:[^"]|"")*"|[^",\s]+/g) ?? [];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

const newline = 10;
const terminator = Buffer.from('\\.\n');

/**
 * Cuts COPY text into pieces that end with a whole row, and drops the line `\.` that ends the data (a row cannot look
 * like it: in a value, a backslash is doubled).
 *
 * @throws ZenError `failed` when the data stops before that line
 */
export async function* readRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const lines = data.subarray(0, data.lastIndexOf(newline) + 1);
    rest = data.subarray(lines.length);
    const end = findTerminator(lines);
    if (end !== undefined) {
      yield lines.subarray(0, end);
      return;
    }
    yield lines;
  }
  throw new ZenError('failed', 'The data stops before its last row: the dump is incomplete. Copy it again.');
}

function findTerminator(lines: Buffer): number | undefined {
  if (lines.subarray(0, terminator.length).equals(terminator)) return 0;
  const found = lines.indexOf(Buffer.concat([Buffer.of(newline), terminator]));
  return found < 0 ? undefined : found + 1;
}
