import { shorten, ZenError } from '../../errors.ts';
import { TextBuffer } from '../copy/text.ts';
import type { CopyOptions } from '../sql/statement.ts';
import { CsvRows } from './csv.ts';

const known = new Set([
  'format',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'encoding',
  'freeze',
  'on_error',
  'log_verbosity',
]);

/**
 * Converts the data of a COPY statement to COPY text without options.
 *
 * @param columns those of the statement
 * @param where the file and the line, for an error
 * @throws ZenError `failed` for unsupported options, and for a header that has to match the columns and does not
 */
export function readCopyData(
  data: AsyncIterable<Buffer>,
  options: CopyOptions,
  { columns, where }: { columns: readonly string[]; where: string },
): AsyncIterable<Buffer> {
  if (options.size === 0) return data;
  const format = options.get('format') ?? 'text';
  const strange = [...options.keys()].find((name) => !known.has(name));
  if (strange !== undefined || !/^(text|csv)$/.test(format))
    throw new ZenError(
      'failed',
      `${where}: COPY with ${(strange ?? format).toUpperCase()} is not read. Load the script with psql, and dump the log with pg_dump.`,
    );
  const header = options.get('header') ?? 'off';
  const rows = readRows(data, options, {
    skipsFirst: /^(true|on|1)$/.test(header),
    width: columns.length,
    where,
  });
  return header === 'match' ? matchHeader(rows, columns, where) : rows;
}

function readRows(
  data: AsyncIterable<Buffer>,
  options: CopyOptions,
  { skipsFirst, width, where }: { skipsFirst: boolean; width: number; where: string },
): AsyncIterable<Buffer> {
  if (options.get('format') !== 'csv') return readTextRows(data, options, skipsFirst);
  const quote = options.get('quote') ?? '"';
  const dialect = {
    ...{ delimiter: options.get('delimiter') ?? ',', quote, escape: options.get('escape') ?? quote },
    nullWord: options.get('null') ?? '',
  };
  return new CsvRows(new TextBuffer(where, data, 'row'), dialect, { width, named: width, skipsFirst }).read();
}

/** Leaves out the first row, which has to name the columns in their order. */
async function* matchHeader(
  rows: AsyncIterable<Buffer>,
  columns: readonly string[],
  where: string,
): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const piece of rows) {
    if (!isFirst || piece.length === 0) {
      yield piece;
      continue;
    }
    isFirst = false;
    const end = piece.indexOf('\n');
    const header = piece.subarray(0, end).toString().split('\t').join(', ');
    if (header !== columns.join(', '))
      throw new ZenError(
        'failed',
        `${where}: the header names ${shorten(header, 200)}, and COPY the columns ${shorten(columns.join(', '), 200)}. Correct the one that is wrong.`,
      );
    yield piece.subarray(end + 1);
  }
}

/** Handles another delimiter, or another word for NULL. */
async function* readTextRows(
  data: AsyncIterable<Buffer>,
  options: CopyOptions,
  skipsFirst: boolean,
): AsyncGenerator<Buffer> {
  const delimiter = options.get('delimiter') ?? '\t';
  const nullWord = Buffer.from(options.get('null') ?? '\\N').toString('latin1');
  const marks = new RegExp(`\\\\[^]|[${delimiter === '\t' ? '\t' : `\\${delimiter}`}]`, 'g');
  const readLine = (line: string): string => {
    const values = line.replaceAll(marks, (mark) => (mark === delimiter ? '\t' : mark)).split('\t');
    const read = values.map((value) => (value === nullWord ? '\\N' : unescape(value, delimiter)));
    return `${read.join('\t')}\n`;
  };
  let skips = skipsFirst;
  for await (const piece of data) {
    const lines = piece.toString('latin1').split('\n').slice(0, -1);
    yield Buffer.from(
      lines
        .slice(skips ? 1 : 0)
        .map(readLine)
        .join(''),
      'latin1',
    );
    skips = false;
  }
}

function unescape(value: string, delimiter: string): string {
  return delimiter === '\t' ? value : value.replaceAll(`\\${delimiter}`, delimiter);
}
