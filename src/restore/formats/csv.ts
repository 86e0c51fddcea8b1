import { ZenError } from '../../errors.ts';
import { isLogHeader, mayBeTaken } from '../columns.ts';
import { requireUtf8 } from '../encoding.ts';
import { quoteArgument } from '../ids.ts';
import { toUtf8, escapeText, excerpt, TextBuffer } from '../copy/text.ts';
import type { BackupOptions, BackupTable } from './backup.ts';
import { FileBackup } from './file.ts';
import type { Source, TextOptions } from './file.ts';

/** The delimiter, and the quote and escape characters. */
export interface Dialect {
  delimiter: string;
  quote: string;
  /** The escape before a quote within quotes: the quote itself, or a backslash. */
  escape: string;
  /** The value that means NULL when it is not quoted, unless that is the empty value. */
  nullWord?: string;
  /** True when a space follows each delimiter. */
  isSpaced?: boolean;
}

const delimiters = [',', ';', '\t', '|'];
const plain = { quote: '"', escape: '"' };
/** The ways to quote, the usual one first. */
const quotings = [
  plain,
  { quote: '"', escape: '\\' },
  { quote: "'", escape: "'" },
  { quote: "'", escape: '\\' },
];
/** Excel has as many columns, and a PostgreSQL table has fewer. */
const mostColumns = 1 << 14;
/** The longest text between two quotes in tab-separated data; in COPY text, a quote may quote nothing. */
const longestQuoted = 1 << 16;
/** The most lines that a title, or the output of a terminal, may take before the header. */
const mostTitleLines = 30;
/** The part of a file that is read to detect its dialect. */
const sampleChars = 1 << 15;

interface CsvRow {
  /** COPY text; empty for an empty line. Surplus values are dropped, except the first. */
  fields: string[];
  /** The position of the next row. */
  end: number;
  /** True when characters follow a closing quote. */
  broken: boolean;
}

/** A table with a header row (RFC 4180, or COPY text with a header), in the dialect of its first rows. */
export class Csv extends FileBackup {
  readonly format = 'CSV';
  readonly #window: TextBuffer;
  readonly #options: BackupOptions;
  #rows: CsvRows | undefined;

  /** @param bytes of the table, decompressed, in UTF-8 @param bytes of the table, not compressed any more, in UTF-8 */
  constructor(source: Source, bytes: AsyncIterable<Buffer>, options: TextOptions = {}) {
    super(source);
    this.#window = new TextBuffer(source.path, bytes, 'row');
    this.#options = options;
  }

  /**
   * Returns the file's only table, which has no name of its own.
   *
   * @throws ZenError `failed` when it has no header
   */
  async find(): Promise<BackupTable> {
    const window = this.#window;
    while ((window.text.length < sampleChars || !window.text.includes('\n')) && (await window.more()));
    this.#passTitle();
    const [first = ''] = window.text.split('\n', 1);
    requireUtf8(Buffer.from(first, 'latin1'), this.path);
    const [line, said] = /^"?sep=(.)"?\r?\n/i.exec(window.text) ?? ['', this.#options.delimiter];
    window.drop(line.length);
    const found = findDialect(window.text, { ...this.#options, delimiter: said });
    const dialect = { ...found, isSpaced: isSpaced(window.text, found) };
    const header = readRow(window.text, 0, dialect, mostColumns);
    const columns = header ? namesOf(header) : [];
    if (!header || header.broken || (columns.length < 2 && !mayBeTaken(columns[0] ?? '')))
      this.#refuse(
        `“${excerpt(first)}” is not the header of a table. Make the file with COPY … (FORMAT csv, HEADER), or say --delimiter`,
      );
    if (
      columns.some((name) => /^\d{9,}$/.test(name)) &&
      !columns.some((name) => mayBeTaken(name, this.#options.columns))
    )
      this.#refuse(
        "its first row is data: the names of its columns are missing. Put them before it: (echo 'event_id,ts,…'; cat FILE) | zen restore -",
      );
    if (columns.length > mostColumns)
      this.#refuse(
        `the header names more than ${mostColumns} columns. Leave out those that are not the log's`,
      );
    const width = columns.length;
    while (columns.at(-1) === '') columns.pop();
    this.#rows = new CsvRows(window, dialect, { width, named: columns.length, header: header.fields });
    window.drop(header.end);
    this.notes.push(...describeDialect(dialect, line !== ''));
    return { schema: '', name: 'log_raw', columns, types: new Map() };
  }

  /** Skips the lines before the header, when one of the first lines has all names of the log. */
  #passTitle(): void {
    const isHeader = (line: string) =>
      delimiters.some((mark) => {
        const names = line.split(mark).map((name) => toUtf8(name));
        return isLogHeader(names, this.#options.columns);
      });
    const lines = this.#window.text.slice(0, sampleChars).split('\n', mostTitleLines);
    const start = lines.findIndex(isHeader);
    const title = lines.slice(0, Math.max(start, 0));
    if (title.length === 0 || /^"?sep=/i.test(title[0] ?? '')) return;
    this.#window.drop(title.join('\n').length + 1);
    this.notes.push(
      `The ${title.length === 1 ? 'line' : `${title.length} lines`} before its header is left out.`,
    );
  }

  rows(): AsyncIterable<Buffer> {
    if (!this.#rows) throw new Error('Its table is found first.');
    return this.#rows.read();
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.path}, line ${this.#window.line}: ${why}.`);
  }
}

/** Rows that follow a header, or the columns of a COPY statement. */
interface CsvShape {
  /** The number of values in each row. */
  width: number;
  /** The number of columns, counted from the first, that have a name. */
  named: number;
  /** The header as COPY text; joined files repeat it. */
  header?: readonly string[];
  /** True when the first row is a header, whatever it contains. */
  skipsFirst?: boolean;
}

/** Converts rows of a dialect to COPY text. */
export class CsvRows {
  readonly #window: TextBuffer;
  readonly #dialect: Dialect;
  readonly #shape: CsvShape;
  #count = 0;
  /** True when a value between bars has begun with a quote. */
  #quoted = false;

  constructor(window: TextBuffer, dialect: Dialect, shape: CsvShape) {
    this.#window = window;
    this.#dialect = dialect;
    this.#shape = shape;
  }

  /** @throws ZenError `failed` for a row of another width, and for an unclosed quote */
  async *read(): AsyncGenerator<Buffer> {
    const window = this.#window;
    const { width, named, header, skipsFirst = false } = this.#shape;
    let skips = skipsFirst;
    for (let last = false; ; last = !(await window.more())) {
      let rows = '';
      let at = 0;
      for (let row = this.#read(at, last); row; row = this.#read(at, last)) {
        const { fields } = row;
        if (
          skips ||
          (fields.length === width && fields[0] === header?.[0] && fields.join('\t') === header?.join('\t'))
        )
          fields.length = 0;
        skips = false;
        const unnamed = fields.length > named ? fields.splice(named) : [];
        if (unnamed.some((field) => field !== '' && field !== '\\N')) this.#refuseUnnamed(at);
        if (fields.length > 0) {
          rows += `${fields.join('\t')}\n`;
          this.#count++;
        }
        at = skipEmpty(window.text, row.end);
      }
      if (this.#dialect.delimiter === '|') this.#quoted ||= /(?<![^|\n])"/.test(window.text.slice(0, at));
      window.drop(at);
      if (rows !== '') yield Buffer.from(rows, 'latin1');
      if (last) return;
    }
  }

  /**
   * Reads the row at a position; undefined when more must be read. In tab-separated data, a line with an odd quote is
   * COPY text.
   */
  #read(at: number, last: boolean): CsvRow | undefined {
    const { text } = this.#window;
    const isTab = this.#dialect.delimiter === '\t';
    const { width } = this.#shape;
    let row = readRow(text, at, this.#dialect, width);
    const isOpen = last || text.length - at > longestQuoted;
    if (isTab && (row ? !fits(row, width) : isOpen)) row = readLine(text, at, this.#dialect, width);
    if (row ? fits(row, width) : !last || at === text.length) return row;
    const rest = row?.fields[0] ?? '';
    if (row && /^\p{Cc}+$/u.test(rest)) return { ...row, fields: [] }; // padding by old programs
    const isFooter = new RegExp(`^\\(${this.#count} [^\\d()]+\\)$`).test(rest); // the last line of psql -A
    if (row && isFooter && !this.#quoted) return { ...row, fields: [] };
    this.#window.drop(at);
    if (isFooter)
      this.#refuse('psql wrote it unaligned, and values begin with quotes. Write it with psql --csv');
    if (!row)
      this.#refuse(
        'a quote is never closed: the file is incomplete, or has quotes of another kind. Copy it again, or say --quote',
      );
    if (row.broken)
      this.#refuse(
        "something follows a closing quote. Write a quote within a value twice, or say --escape '\\'",
      );
    const count = row.fields.length > width ? 'more values than' : `${row.fields.length} values instead of`;
    this.#refuse(`the row has ${count} the ${width} of the header. Correct it, or copy the file again`);
  }

  #refuseUnnamed(at: number): never {
    this.#window.drop(at);
    this.#refuse('the row has a value in a column that the header does not name. Check where it belongs');
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.#window.path}, line ${this.#window.line}: ${why}.`);
  }
}

/** Detects the dialect of a table from its first rows. Its header names most of the log's columns, or else most columns. */
function findDialect(whole: string, given: BackupOptions): Dialect {
  const text = whole.slice(0, 2 * sampleChars);
  const isLong = !text.includes('\n');
  const score = (dialect: Dialect): number => {
    if (isLong) return text.split(dialect.delimiter).length;
    const row = readRow(text, 0, dialect, mostColumns);
    if (!row || row.broken || row.fields.length > mostColumns) return row?.fields.length ?? 0;
    const names = namesOf(row);
    if (!delimiters.includes(dialect.delimiter) && !names.some((name) => mayBeTaken(name, given.columns)))
      return 0;
    return names.length + mostColumns * names.filter((name) => mayBeTaken(name, given.columns)).length;
  };
  const [first = ''] = text.split('\n', 1);
  const others = isLong ? [] : (first.slice(0, sampleChars).match(/[^\w\s"'`.()[\]\x80-\xff-]/g) ?? []);
  const marks = [...new Set([...delimiters, ...others.slice(0, 100)])].slice(0, 12);
  const choices = (given.delimiter === undefined ? marks : [given.delimiter]).flatMap((delimiter) =>
    (isLong ? [plain] : quotings)
      .filter(({ quote, escape }) => quote === (given.quote ?? quote) && escape === (given.escape ?? escape))
      .map((quoting) => ({ delimiter, ...quoting, ...pick(given) })),
  );
  if (choices.length === 0) return { ...plain, delimiter: given.delimiter ?? ',', ...pick(given) };
  const [best] = choices
    .map((dialect) => ({ dialect, score: score(dialect) }))
    .sort((a, b) => b.score - a.score);
  const alike = choices.filter(({ delimiter }) => delimiter === best?.dialect.delimiter);
  const [usual = { ...plain, delimiter: ',' }] = alike;
  return alike.find((dialect) => suits(text, dialect)) ?? usual;
}

function pick({ quote, escape }: BackupOptions): Partial<Dialect> {
  return { ...(quote !== undefined && { quote, escape: quote }), ...(escape !== undefined && { escape }) };
}

/** Tells whether the first rows have one width in a dialect and, unless it is the usual one, use its quotes. */
function suits(text: string, dialect: Dialect): boolean {
  const header = readRow(text, 0, dialect, mostColumns);
  if (!header || header.broken) return false;
  const { quote, delimiter } = dialect;
  const starts = new RegExp(`(?<=^|\\n|[${delimiter === '\t' ? '\\t' : `\\${delimiter}`}])(['"])`, 'g');
  const others = [...text.matchAll(starts)].filter(([mark]) => mark !== quote).length;
  const own = [...text.matchAll(starts)].length - others;
  if (quote === '"' ? others > 0 && own === 0 : own === 0 || others > 0) return false;
  for (let at = header.end, rows = 0; rows < 200; rows++) {
    const row = readRow(text, at, dialect, header.fields.length);
    if (!row) return rows > 0 || !text.slice(at).includes('\n');
    if (!fits(row, header.fields.length)) return false;
    at = skipEmpty(text, row.end);
  }
  return true;
}

/** Tells whether a space precedes every name of the header but the first. */
function isSpaced(text: string, dialect: Dialect): boolean {
  const names = readRow(text, 0, dialect, mostColumns)?.fields.slice(1) ?? [];
  return dialect.delimiter !== ' ' && names.length > 0 && names.every((name) => /^ [^ ]/.test(name));
}

function describeDialect({ delimiter, quote, escape }: Dialect, isSaid: boolean): string[] {
  const written: string[] = [];
  if (!isSaid && !/[,;\t]/.test(delimiter))
    written.push(`--delimiter ${quoteArgument(writeMark(delimiter))}`);
  if (quote !== '"') written.push(`--quote ${quote === "'" ? `"'"` : quoteArgument(quote)}`);
  if (escape !== quote) written.push(`--escape ${quoteArgument(escape)}`);
  return written.length > 0 ? [`It is read with ${written.join(' ')}.`] : [];
}

/** Writes a delimiter as `--delimiter` takes it. */
function writeMark(mark: string): string {
  return mark < ' ' ? `\\x${mark.charCodeAt(0).toString(16).padStart(2, '0')}` : mark;
}

function namesOf(header: CsvRow): string[] {
  return header.fields.map((field) => (field === '\\N' ? '' : toUtf8(field).trim()));
}

function fits({ fields, broken }: CsvRow, width: number): boolean {
  return !broken && (fields.length === width || fields.length === 0);
}

/** Skips empty lines, of which there may be many. */
function skipEmpty(text: string, start: number): number {
  for (let at = start; ; at++) {
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    else if (text[at] !== '\n') return at;
  }
}

/** Reads a row whose values may be quoted, and may then contain line ends. Undefined when it does not end within the text. */
function readRow(text: string, start: number, dialect: Dialect, width: number): CsvRow | undefined {
  const line = text.indexOf('\n', start);
  if (line < 0) return undefined;
  const isQuoted = text.slice(start, line).includes(dialect.quote);
  return isQuoted ? readFields(text, start, dialect, width) : readLine(text, start, dialect, width);
}

/** Reads a row without quotes. */
function readLine(text: string, start: number, dialect: Dialect, width: number): CsvRow | undefined {
  const newline = text.indexOf('\n', start);
  if (newline < 0) return undefined;
  let end = newline;
  while (end > start && text[end - 1] === '\r') end--;
  const line = text.slice(start, end);
  const values = line === '' ? [] : line.split(dialect.delimiter, width + 1);
  if (dialect.isSpaced) for (const [at, value] of values.entries()) values[at] = value.replace(/^ /, '');
  return { fields: values.map((value) => toText(value, dialect)), end: newline + 1, broken: false };
}

function readFields(text: string, start: number, dialect: Dialect, width: number): CsvRow | undefined {
  const { quote } = dialect;
  const fields: string[] = [];
  let broken = false;
  for (let at = start; ; at++) {
    if (dialect.isSpaced && at > start && text[at] === ' ') at++;
    const from = at;
    const quoted = text[at] === quote;
    if (quoted) at = skipQuoted(text, at, dialect);
    if (at < 0) return undefined;
    const end = endOfField(text, at, dialect);
    if (end < 0) return undefined;
    let stop = end;
    while (text[end] === '\n' && stop > at && text[stop - 1] === '\r') stop--;
    if (quoted && stop > at) broken = true;
    fields.push(
      quoted
        ? escapeText(dropEscapes(text.slice(from + 1, at - 1), dialect))
        : toText(text.slice(from, stop), dialect),
    );
    at = end;
    if (text[end] === '\n' || fields.length > width) return { fields, end: end + 1, broken };
  }
}

/** Finds the end of the quoted text that begins at `start`; -1 when the text ends first. */
function skipQuoted(text: string, start: number, { quote, escape }: Dialect): number {
  const isDoubled = escape === quote;
  for (let at = start + 1; at < text.length; at++) {
    if (isDoubled) at = text.indexOf(quote, at);
    if (at < 0 || at + 1 === text.length) return -1;
    if (!isDoubled && text[at] === escape) at++;
    else if (text[at] === quote && (!isDoubled || text[at + 1] !== quote)) return at + 1;
    else if (isDoubled) at++;
  }
  return -1;
}

function dropEscapes(value: string, { quote, escape }: Dialect): string {
  if (escape === quote) return value.replaceAll(quote + quote, quote);
  if (!value.includes(escape)) return value;
  const [mark, sign] = [`\\${escape}`, `\\${quote}`];
  return value.replaceAll(new RegExp(`${mark}([${mark}${sign}])`, 'g'), '$1');
}

/**
 * Tells whether a quote within a value is an ordinary character. Programs that write tabs or bars quote whole values or
 * nothing.
 */
function isBare(delimiter: string): boolean {
  return delimiter < ' ' || delimiter === '|';
}

/** Finds the end of a value; a quoted part may contain a delimiter or a line end. */
function endOfField(text: string, start: number, dialect: Dialect): number {
  const { delimiter, quote } = dialect;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === delimiter || char === '\n') return at;
    if (char !== quote || isBare(delimiter)) continue;
    at = skipQuoted(text, at, dialect) - 1;
    if (at < 0) return -1;
  }
  return -1;
}

/**
 * Converts a value that does not start with a quote to COPY text. Tab-separated values already are, apart from
 * ClickHouse's \'. A backslash that starts no known escape stands for itself, as in `copy … (format csv, delimiter
 * e'\t')`.
 */
function toText(value: string, dialect: Dialect): string {
  if (dialect.nullWord === undefined ? value === '' || value === '\\N' : value === dialect.nullWord)
    return '\\N';
  if (dialect.delimiter !== '\t')
    return escapeText(
      !isBare(dialect.delimiter) && value.includes(dialect.quote) ? unquote(value, dialect.quote) : value,
    );
  return value
    .replaceAll(/\\([\\bfnrtv0-7'"/]|x(?=[\da-fA-F]))?/g, (text, known) => (known ? text : '\\\\'))
    .replaceAll('\r', '\\r');
}

/**
 * Unquotes a value that is partly in quotes; a doubled quote stands for one (PostgreSQL's
 * src/backend/commands/copyfromparse.c, CopyReadAttributesCSV).
 */
function unquote(value: string, quote: string): string {
  const pieces = value.split(quote); // outside, inside, outside, …
  const last = pieces.length - 1;
  const isQuote = (at: number) => at > 0 && at < last && at % 2 === 0 && pieces[at] === '';
  return pieces.map((piece, at) => (isQuote(at) ? quote : piece)).join('');
}
