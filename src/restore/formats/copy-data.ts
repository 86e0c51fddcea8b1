import { ZenError } from '../../errors.ts';
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
 * @param width the number of its columns
 * @param where the file and the line, for an error
 * @throws ZenError `failed` for unsupported options
 */
export function readCopyData(
  data: AsyncIterable<Buffer>,
  options: CopyOptions,
  { width, where }: { width: number; where: string },
): AsyncIterable<Buffer> {
  if (options.size === 0) return data;
  const format = options.get('format') ?? 'text';
  const strange = [...options.keys()].find((name) => !known.has(name));
  if (strange !== undefined || !/^(text|csv)$/.test(format))
    throw new ZenError(
      'failed',
      `${where}: COPY with ${(strange ?? format).toUpperCase()} is not read. Load the script with psql, and dump the log with pg_dump.`,
    );
  const skipsFirst = /^(true|on|1|match)$/.test(options.get('header') ?? 'off');
  if (format === 'text') return readTextRows(data, options, skipsFirst);
  const quote = options.get('quote') ?? '"';
  const dialect = {
    ...{ delimiter: options.get('delimiter') ?? ',', quote, escape: options.get('escape') ?? quote },
    nullWord: options.get('null') ?? '',
  };
  return new CsvRows(new TextBuffer(where, data, 'row'), dialect, { width, named: width, skipsFirst }).read();
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
