import { ZenError } from '../../errors.ts';
import type { BackupTable } from './backup.ts';
import { requireUtf8 } from '../encoding.ts';
import { TextFile } from './file.ts';
import { skipToken } from '../sql/statement.ts';
import { toUtf8, escapeText, excerpt, TextBuffer } from '../copy/text.ts';

/** Separators of values, each with what ends a value; a quote within it may hold such an end. */
const delimiters = { ',': /[",\n]/g, ';': /[";\n]/g, '\t': /[\t\n]/g };
type Delimiter = keyof typeof delimiters;
/** More than a spreadsheet has, or a table of PostgreSQL. */
const mostColumns = 1 << 14;
/** The longest text between two quotes among tabs; COPY text may hold one that quotes nothing. */
const longestQuoted = 1 << 16;

interface CsvRow {
  /** COPY text; none for an empty line. Those that are more than there are columns are left out, but for the first. */
  fields: string[];
  /** Where the next row starts. */
  end: number;
  /** True when something follows a closing quote. */
  broken: boolean;
}

/** A table with a header row, its values separated by commas, semicolons or tabs (RFC 4180, or COPY text with a header). */
export class Csv extends TextFile {
  readonly #window: TextBuffer;
  #delimiter: Delimiter = ',';
  /** The number of columns of the header, with those at its end that it does not name. */
  #width = 0;

  /** @param bytes of the table, not compressed any more */
  constructor(
    path: string,
    size: number,
    bytes: AsyncIterable<Buffer>,
    position: () => number,
    close: () => Promise<void>,
  ) {
    super(path, size, position, close);
    this.#window = new TextBuffer(path, bytes, 'row');
  }

  /**
   * The file's only table, which has no name of its own. Its delimiter is the one that gives a column `ts`.
   *
   * @throws ZenError `failed` when there is no such header
   */
  async find(): Promise<BackupTable> {
    const window = this.#window;
    while (!window.text.includes('\n') && (await window.more()));
    requireUtf8(Buffer.from(window.text.slice(0, window.text.indexOf('\n')), 'latin1'), this.path);
    for (const delimiter of Object.keys(delimiters) as Delimiter[]) {
      const row = readRow(window.text, 0, delimiter, mostColumns);
      const columns = row?.fields.map((field) => (field === '\\N' ? '' : toUtf8(field).trim())) ?? [];
      if (!row || row.broken || !columns.includes('ts')) continue;
      this.#width = columns.length;
      while (columns.at(-1) === '') columns.pop();
      this.#requireNames(columns);
      window.drop(row.end);
      this.#delimiter = delimiter;
      return { schema: '', name: 'log_raw', columns, types: new Map() };
    }
    const line = excerpt(window.text.split('\n', 1)[0] ?? '');
    this.#refuse(`the header “${line}” names no column ts. Make the file with COPY … (FORMAT csv, HEADER)`);
  }

  async *rows(table: BackupTable): AsyncGenerator<Buffer> {
    const window = this.#window;
    const width = table.columns.length;
    for (let last = false; ; last = !(await window.more())) {
      let rows = '';
      let at = 0;
      for (let row = this.#read(at, last); row; row = this.#read(at, last)) {
        const unnamed = row.fields.length > width ? row.fields.splice(width) : [];
        if (unnamed.some((field) => field !== '' && field !== '\\N')) this.#refuseUnnamed(at);
        if (row.fields.length > 0) rows += `${row.fields.join('\t')}\n`;
        at = skipEmpty(window.text, row.end);
      }
      window.drop(at);
      if (rows !== '') yield Buffer.from(rows, 'latin1');
      if (last) return;
    }
  }

  /** The row at a place; undefined when more must be read. Between tabs, a line with an odd quote is COPY text. */
  #read(at: number, last: boolean): CsvRow | undefined {
    const { text } = this.#window;
    const isTab = this.#delimiter === '\t';
    const width = this.#width;
    let row = readRow(text, at, this.#delimiter, width);
    const isOpen = last || text.length - at > longestQuoted;
    if (isTab && (row ? !fits(row, width) : isOpen)) row = readLine(text, at, '\t', width);
    if (row ? fits(row, width) : !last || at === text.length) return row;
    this.#window.drop(at);
    if (!row) this.#refuse('a quote is never closed: the file is incomplete. Copy it again');
    if (row.broken) this.#refuse('something follows a closing quote. Write a quote within a value twice');
    const count = row.fields.length > width ? 'more values than' : `${row.fields.length} values instead of`;
    this.#refuse(`the row has ${count} the ${width} of the header. Correct it, or copy the file again`);
  }

  #refuseUnnamed(at: number): never {
    this.#window.drop(at);
    this.#refuse('the row has a value in a column that the header does not name. Look where it belongs');
  }

  #requireNames(columns: string[]): void {
    if (columns.length > mostColumns)
      this.#refuse(
        `the header names more than ${mostColumns} columns. Leave out those that are not the log's`,
      );
    const twice = columns.find((name, index) => name !== '' && columns.indexOf(name) !== index);
    if (twice !== undefined) this.#refuse(`the header names ${twice} twice. Rename one of them`);
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.path}, line ${this.#window.line}: ${why}.`);
  }
}

function fits({ fields, broken }: CsvRow, width: number): boolean {
  return !broken && (fields.length === width || fields.length === 0);
}

/** Passes over lines that hold nothing, of which there may be many. */
function skipEmpty(text: string, start: number): number {
  for (let at = start; ; at++) {
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    else if (text[at] !== '\n') return at;
  }
}

/** A row whose values may be quoted, and then hold line ends. Undefined when it does not end within the text. */
function readRow(text: string, start: number, delimiter: Delimiter, width: number): CsvRow | undefined {
  const line = text.indexOf('\n', start);
  if (line < 0) return undefined;
  const isQuoted = text.slice(start, line).includes('"');
  return isQuoted ? readFields(text, start, delimiter, width) : readLine(text, start, delimiter, width);
}

/** A row without quotes. */
function readLine(text: string, start: number, delimiter: Delimiter, width: number): CsvRow | undefined {
  const newline = text.indexOf('\n', start);
  if (newline < 0) return undefined;
  const line = text.slice(start, text[newline - 1] === '\r' ? newline - 1 : newline);
  const fields = line === '' ? [] : line.split(delimiter, width + 1).map((field) => toText(field, delimiter));
  return { fields, end: newline + 1, broken: false };
}

function readFields(text: string, start: number, delimiter: Delimiter, width: number): CsvRow | undefined {
  const fields: string[] = [];
  let broken = false;
  for (let at = start; ; at++) {
    const from = at;
    const quoted = text[at] === '"';
    if (quoted) at = skipToken(text, at);
    if (at < 0) return undefined;
    const end = endOfField(text, at, delimiter);
    if (end < 0) return undefined;
    const stop = text[end] === '\n' && end > at && text[end - 1] === '\r' ? end - 1 : end;
    if (quoted && stop > at) broken = true;
    fields.push(
      quoted
        ? escapeText(text.slice(from + 1, at - 1).replaceAll('""', '"'))
        : toText(text.slice(from, stop), delimiter),
    );
    at = end;
    if (text[end] === '\n' || fields.length > width) return { fields, end: end + 1, broken };
  }
}

function endOfField(text: string, start: number, delimiter: Delimiter): number {
  const ends = delimiters[delimiter];
  for (let at = start; at >= 0; at = skipToken(text, ends.lastIndex - 1)) {
    ends.lastIndex = at;
    if (!ends.test(text)) return -1;
    if (text[ends.lastIndex - 1] !== '"') return ends.lastIndex - 1;
  }
  return -1;
}

/**
 * A value that does not start with a quote as COPY text. Between tabs it is that already, with \' of ClickHouse; a backslash
 * that starts no escape which a program writes is just one, as in `copy … (format csv, delimiter e'\t')`.
 */
function toText(value: string, delimiter: Delimiter): string {
  if (value === '' || value === '\\N') return '\\N';
  if (delimiter !== '\t') return escapeText(value.includes('"') ? unquote(value) : value);
  return value
    .replaceAll(/\\([\\bfnrtv0-7'"/]|x(?=[\da-fA-F]))?/g, (text, known) => (known ? text : '\\\\'))
    .replaceAll('\r', '\\r');
}

/**
 * A value of which a part is in quotes: these are left out, and two within are one (PostgreSQL's
 * src/backend/commands/copyfromparse.c, CopyReadAttributesCSV).
 */
function unquote(value: string): string {
  const pieces = value.split('"'); // outside, inside, outside, …
  const last = pieces.length - 1;
  const isQuote = (at: number) => at > 0 && at < last && at % 2 === 0 && pieces[at] === '';
  return pieces.map((piece, at) => (isQuote(at) ? '"' : piece)).join('');
}
