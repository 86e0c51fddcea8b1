import { ZenError } from '../../errors.ts';
import { mayBeTaken } from '../columns.ts';
import { requireUtf8 } from '../encoding.ts';
import { quoteFile } from '../ids.ts';
import { toUtf8, escapeText, excerpt, TextBuffer } from '../copy/text.ts';
import type { BackupOptions, BackupTable } from './backup.ts';
import { FileBackup } from './file.ts';
import type { Source, TextOptions } from './file.ts';

/** The part of a file that is read to learn its columns. */
const sampleChars = 1 << 16;
const text = /"([^"\\]*(?:\\[^][^"\\]*)*)"/y;
const word = /null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const literal = new RegExp(String.raw`(?:${word.source})(?=[\s,}])`, 'y');
const gap = /\s*/y;
/** Blanks, commas and record separators (RFC 7464) between objects. */
const between = /[\s,\p{Cc}]*/uy;
/** A value wrapped in its type: {"$numberLong": "1"}, {"$date": {"$numberLong": "1"}}. */
const typed = /\{\s*"\$\w+"\s*:\s*/y;
const simplePairs = String.raw`(?:\s*"[^"]*"\s*:\s*(?:"[^"]*"|[^\s"{}[\],]+|\[[^[\]]*\])\s*,)*\s*`;
/**
 * An array in an object, after a key whose value is no array of objects: {"log_raw": […]} of DBeaver, {"meta": […],
 * "data": […]} of ClickHouse.
 */
const wrapped = new RegExp(String.raw`^\s*\{${simplePairs}"([^"]*)"\s*:\s*(?=\[\s*\{)`);
/** The first value of an object that is itself an object, or an array of objects. */
const nested = new RegExp(String.raw`^\{${simplePairs}"([\w-]+)"\s*:\s*(\{|\[\s*\{)`);
const marks = /["{}[\]]/g;

/** Tells whether the start of a text may be JSON: objects, or an array of them. */
export function isJson(start: string): boolean {
  return /^[\s\p{Cc}]*(\[\s*)?\{\s*["}]/u.test(start);
}

/** A log as JSON: one object a line, or one array of objects. Their keys are the columns. */
export class Json extends FileBackup {
  readonly format = 'JSON';
  readonly #window: TextBuffer;
  readonly #given: BackupOptions['columns'];
  #columns: string[] = [];
  /** Matches an object with exactly these columns, in their order, as most have. */
  #usual = /(?!)/y;
  #isArray = false;
  #isWrapped = false;
  #line = 1;

  /** @param bytes of the objects, decompressed, in UTF-8 @param bytes of the objects, not compressed any more, in UTF-8 */
  constructor(source: Source, bytes: AsyncIterable<Buffer>, { columns }: TextOptions = {}) {
    super(source);
    this.#window = new TextBuffer(source.path, bytes, 'object');
    this.#given = columns;
  }

  /**
   * Returns the file's only table, which has no name of its own. Its columns are the keys of the first objects.
   *
   * @throws ZenError `failed` for invalid JSON
   */
  async find(): Promise<BackupTable> {
    const window = this.#window;
    while (window.text.length < sampleChars && (await window.more()));
    requireUtf8(Buffer.from(window.text.slice(0, window.text.lastIndexOf('\n') + 1), 'latin1'), this.path);
    const [wrapping = '', name = ''] = this.#findWrapping(window.text) ?? [];
    this.#isWrapped = wrapping !== '';
    window.drop(wrapping.length);
    const [array = ''] = /^\s*\[/.exec(window.text) ?? [];
    this.#isArray = array !== '';
    window.drop(array.length);
    const keys = new Set<string>();
    for (let at = this.#skip(0); window.text[at] === '{';) {
      const end = endOf(window.text, at);
      if (end < 0) break;
      for (const key of this.#read(at, end).keys()) keys.add(key);
      at = this.#skip(end);
    }
    this.#columns = [...keys];
    this.#refuseNested(this.#isWrapped ? `.${JSON.stringify(name)}[]` : this.#isArray ? '.[]' : '');
    this.#usual = objectOf(this.#columns);
    return { schema: '', name: 'log_raw', columns: this.#columns, types: new Map() };
  }

  /**
   * @param objects their positions, as jq writes paths
   * @param objects where they lie, as jq has it
   * @throws ZenError `failed` when no object has a column of the log, and the first contains an object
   */
  #refuseNested(objects: string): void {
    const [, key, mark = ''] = nested.exec(this.#window.text.slice(this.#skip(0))) ?? [];
    if (key === undefined || this.#columns.some((name) => mayBeTaken(name, this.#given))) return;
    const inner = `${objects}.${JSON.stringify(key)}${mark.startsWith('[') ? '[]' : ''}`;
    throw new ZenError(
      'failed',
      `${this.path} is JSON whose objects have none of the log's columns, only others within “${key}”. ` +
        `Pipe those: jq -c '${inner}' ${quoteFile(this.path)} | zen restore -`,
    );
  }

  /** Unwraps an array from the object around it, when its objects have columns of the log. */
  #findWrapping(start: string): RegExpExecArray | undefined {
    const found = wrapped.exec(start);
    const keys =
      start
        .slice(found?.[0].length ?? start.length)
        .split('}', 1)[0]
        ?.matchAll(/"([^"]*)"\s*:/g) ?? [];
    return found && [...keys].some(([, key = '']) => mayBeTaken(key, this.#given)) ? found : undefined;
  }

  async *rows(): AsyncGenerator<Buffer> {
    const window = this.#window;
    for (let last = false; ; last = !(await window.more())) {
      let rows = '';
      let at = this.#skip(0);
      for (let row = this.#next(at); row; row = this.#next(at)) {
        rows += row.text;
        at = this.#skip(row.end);
      }
      const isClosed = this.#isArray && window.text[at] === ']' && this.#isLast(at + 1);
      const isEnd = isClosed || at === window.text.length;
      window.drop(at);
      if (rows !== '') yield Buffer.from(rows, 'latin1');
      if (
        !isEnd &&
        !/[{]/.test(window.text[0] ?? '') &&
        (!this.#isArray || !window.text.startsWith(']') || last)
      )
        this.#refuse(0, 'is not a JSON object');
      if (!last) continue;
      if (!isEnd || (this.#isArray && !isClosed))
        throw new ZenError(
          'failed',
          `${this.path} ends in the middle of its JSON: it is incomplete. Copy it again.`,
        );
      return;
    }
  }

  /**
   * Reads the object at a position as COPY text; undefined when none starts there, or more must be read. An object with
   * the usual columns is read 7 times as fast.
   */
  #next(at: number): { text: string; end: number } | undefined {
    const { text, line } = this.#window;
    this.#usual.lastIndex = at;
    const found = this.#usual.exec(text);
    if (found) {
      const fields = this.#columns.map((_, place) => found[2 * place + 1] ?? wordOf(found[2 * place + 2]));
      return { text: `${fields.join('\t')}\n`, end: this.#usual.lastIndex };
    }
    const end = endOf(text, at);
    if (end < 0) return undefined;
    this.#line = line;
    return { text: this.#row(this.#read(at, end)), end };
  }

  /** Tells whether the file ends after its array, or with the rest of the enclosing object. */
  #isLast(at: number): boolean {
    const { text } = this.#window;
    return this.#isWrapped
      ? /^[^{}]*(\{[^{}]*\}[^{}]*)*\}\s*$/.test(text.slice(at))
      : this.#skip(at) === text.length;
  }

  #row(values: ReadonlyMap<string, string>): string {
    const strange = [...values.keys()].find(
      (key) => !this.#columns.includes(key) && mayBeTaken(key, this.#given),
    );
    if (strange !== undefined)
      throw new ZenError(
        'failed',
        `${this.path}, line ${this.#line}: ${strange} first appears after the first objects. Give the first one all keys, with null.`,
      );
    if (values.size > 0 && ![...values.keys()].some((key) => mayBeTaken(key, this.#given)))
      throw new ZenError(
        'failed',
        `${this.path}, line ${this.#line}: the object has none of the log's columns. Remove those that are not events.`,
      );
    return `${this.#columns.map((name) => values.get(name) ?? '\\N').join('\t')}\n`;
  }

  #skip(start: number): number {
    between.lastIndex = start;
    between.test(this.#window.text);
    return between.lastIndex;
  }

  /** Returns the values of an object as COPY text: numbers with all their digits, nested values as JSON. */
  #read(start: number, end: number): Map<string, string> {
    const source = this.#window.text;
    const values = new Map<string, string>();
    const skip = (at: number): number => {
      gap.lastIndex = at;
      gap.test(source);
      return gap.lastIndex;
    };
    for (let at = skip(start + 1); at < end - 1;) {
      text.lastIndex = at;
      const key = text.exec(source)?.[1];
      at = key === undefined ? -1 : skip(text.lastIndex);
      if (key === undefined || source[at] !== ':') this.#refuse(start, 'is not a JSON object');
      at = skip(at + 1);
      const value = this.#value(at, start);
      values.set(toUtf8(readJsonText(key)), value.field);
      at = skip(value.end);
      if (source[at] !== ',' && at !== end - 1) this.#refuse(start, 'is not a JSON object');
      at = skip(at + 1);
    }
    return values;
  }

  #value(at: number, start: number): { field: string; end: number } {
    const source = this.#window.text;
    text.lastIndex = literal.lastIndex = at;
    const string = text.exec(source)?.[1];
    if (string !== undefined) return { field: escapeText(readJsonText(string)), end: text.lastIndex };
    if (/[{[]/.test(source[at] ?? '')) {
      const end = endOf(source, at);
      typed.lastIndex = at;
      if (typed.test(source)) return { ...this.#value(typed.lastIndex, start), end }; // MongoDB's extended JSON
      return { field: escapeText(source.slice(at, end)), end };
    }
    const [found] =
      literal.exec(source) ??
      this.#refuse(start, `has a value that is not JSON, ${excerpt(source.slice(at, at + 20))}`);
    return { field: wordOf(found), end: literal.lastIndex };
  }

  #refuse(at: number, why: string): never {
    this.#window.drop(at);
    throw new ZenError(
      'failed',
      `${this.path}, line ${this.#window.line}: “${excerpt(this.#window.text)}” ${why}. Correct it, or make the file again.`,
    );
  }
}

/**
 * Builds a pattern for an object with these keys, in their order. It has two groups for each: a text and a word, only
 * one of which matches.
 */
function objectOf(keys: readonly string[]): RegExp {
  const value = String.raw`(?:"([^"\\\x00-\x1f]*)"|(${word.source}))`;
  const pairs = keys.map((key) => {
    const name = Buffer.from(JSON.stringify(key)).toString('latin1');
    return String.raw`${name.replaceAll(/[^\w"]/g, '\\$&')}\s*:\s*${value}`;
  });
  return new RegExp(String.raw`\{\s*${pairs.join(String.raw`\s*,\s*`)}\s*\}`, 'y');
}

function wordOf(word: string | undefined): string {
  if (word === undefined) throw new Error('A value is a text or a word.');
  return word === 'null' ? '\\N' : word;
}

/** Finds the end of an object or array; -1 when none starts there, or the text ends first. */
function endOf(source: string, start: number): number {
  if (source[start] !== '{' && source[start] !== '[') return -1;
  marks.lastIndex = start;
  for (let depth = 0, mark = marks.exec(source); mark; mark = marks.exec(source)) {
    if (mark[0] === '"') {
      text.lastIndex = mark.index;
      if (!text.test(source)) return -1;
      marks.lastIndex = text.lastIndex;
    } else depth += mark[0] === '{' || mark[0] === '[' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return -1;
}

/** Decodes a JSON text to one character a byte. */
function readJsonText(inner: string): string {
  if (!inner.includes('\\')) return inner;
  try {
    return Buffer.from(JSON.parse(`"${toUtf8(inner)}"`) as string).toString('latin1');
  } catch {
    return inner;
  }
}
