import { ZenError } from '../../errors.ts';
import { findEnd, Lines } from '../copy/lines.ts';
import type { Recode } from '../encoding.ts';
import { readInsert, skipToken } from './statement.ts';
import { excerpt, TextBuffer, toUtf8 } from '../copy/text.ts';

const blanksAndSemicolons = /[ \t\n\r\f\v;]*/y;
const specials = /['"$;()\\\-/]/g;
const routine = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s/i;
const heading = /^-- PostgreSQL database dump( complete)?\s*$/;
const quoted: Record<string, string> = {
  "'": 'a text',
  '"': 'a quoted name',
  $: 'a dollar-quoted text',
  '/': 'a comment',
};

const statement =
  /^(--|\/\*|\\(restrict|connect|c |set |timing|pset |echo |encoding )|(set|select|copy|create|insert|begin|drop|alter|use|pragma)\b|truncate\s|delete\s+from\s|start\s+transaction\b)/i;
/** Lines that are of a script, whatever stands before them. */
const sureLine =
  /^(-- PostgreSQL database|(set \w+ (=|to) |copy \S+ .*from stdin|insert into |create table |start transaction;|begin;))/im;
const firstChars = 4096;
/** A longer INSERT statement is taken in pieces. */
const longestPiece = 1 << 16;
const comma = /\s*,/y;
/** Commands of psql that say how it reads or shows what follows, and to whom. */
const idle = /^\\(un)?restrict$|^\\(set|unset|timing|pset|echo|qecho)$/;
/** A message of pg_dump's that came into its output. */
const message = /^pg_(dump|dumpall|restore): .*\n/;

/**
 * Finds where a script starts: behind what a terminal showed when it was made.
 *
 * @param text the first ones of a file
 * @returns undefined when it is no script
 */
export function startOfScript(text: string): number | undefined {
  if (statement.test(text.trimStart())) return 0;
  const start = text.search(sureLine);
  return start < 0 ? undefined : start;
}

/** Cuts a script into its statements, as psql does, and into the data that follows a COPY statement. */
export class Scanner {
  /** The line in which the last statement starts. */
  line = 1;
  /** The number of dumps that have begun, by pg_dump's heading. */
  dumps = 0;
  /** The database that statements are for, since the last command that leads to one. */
  database = '';
  #started = false;
  readonly #window: TextBuffer;
  /** True when pg_dump's heading has been read, and not its last line yet. */
  #opened = false;

  constructor(path: string, bytes: AsyncIterable<Buffer>) {
    this.#window = new TextBuffer(path, bytes, 'statement or row');
  }

  /**
   * The next statement, one character a byte, without comments before it and without its semicolon; undefined at the end.
   *
   * @throws ZenError `failed` when the file ends within it, and for a command of psql
   */
  async next(): Promise<string | undefined> {
    const window = this.#window;
    if (!(await this.#begin())) return undefined;
    let parentheses = 0;
    let blocks: number | undefined; // of a routine: BEGIN ATOMIC … END, which hold semicolons
    for (let at = 0; ;) {
      specials.lastIndex = at;
      if (!specials.test(window.text)) {
        await this.#more(`the statement that starts in line ${window.line}`);
        continue;
      }
      const mark = specials.lastIndex - 1;
      if (blocks !== undefined && parentheses === 0)
        blocks = countBlocks(window.text.slice(at, mark), blocks);
      at = mark + 1;
      const char = window.text[mark];
      if (char === ';') {
        if (parentheses === 0 && !blocks) return this.#take(mark);
      } else if (char === '(') {
        if (parentheses++ === 0 && routine.test(window.text)) blocks ??= 0;
      } else if (char === ')') {
        parentheses = Math.max(parentheses - 1, 0);
        const piece = parentheses === 0 && at > longestPiece ? this.#cut(at) : undefined;
        if (piece !== undefined) return piece;
      } else if (char === '\\') {
        await this.#command(mark);
      } else {
        const end = skipToken(window.text, mark);
        at = Math.max(at, end < 0 ? await this.#skip(mark) : end);
      }
    }
  }

  /**
   * The lines of data after a COPY statement, up to the line `\.`, which is not among them.
   *
   * @param of the table, for errors
   * @param keep false to pass over them, in pieces that need not be whole rows
   * @throws ZenError `failed` when the file ends before
   */
  async *data(of: string, keep = true): AsyncGenerator<Buffer> {
    const window = this.#window;
    while (!window.text.includes('\n')) await this.#more(`the data of ${of}`);
    window.drop(window.text.indexOf('\n') + 1);
    const held = new Lines();
    for (let chunk = await window.take(); chunk; chunk = await window.take()) {
      const lines = held.add(chunk);
      const end = findEnd(lines);
      if (end) {
        if (end.start > 0) yield unixLines(lines.subarray(0, end.start));
        window.putBack(Buffer.concat([lines.subarray(end.stop), held.rest]));
        return;
      }
      if (lines.length > 0) yield unixLines(lines);
      if (keep) window.requireLength(held.size);
      else held.shorten();
    }
    if (held.rest.toString('latin1') !== '\\.') this.#endIn(`the data of ${of}`);
  }

  /** Reads what follows the last statement in another encoding. */
  recode(recode: Recode): void {
    this.#window.recode(recode);
  }

  /** Passes over blanks, comments, empty statements and pg_dump's own commands; whether a statement starts there. */
  async #begin(): Promise<boolean> {
    const window = this.#window;
    if (!this.#started) {
      while (window.text.length < firstChars && (await window.more()));
      window.drop(startOfScript(window.text) ?? 0);
      this.#started = true;
    }
    for (;;) {
      blanksAndSemicolons.lastIndex = 0;
      blanksAndSemicolons.test(window.text);
      window.drop(blanksAndSemicolons.lastIndex);
      this.line = window.line;
      const [first] = window.text;
      const told = first === 'p' ? message.exec(window.text)?.[0] : undefined;
      if (first === '\\') await this.#command(0);
      else if (told !== undefined) window.drop(told.length);
      else if (first === '-' || first === '/') {
        const end = await this.#skip(0);
        if (end === 0) return true;
        this.#note(window.text.slice(0, end));
        window.drop(end);
      } else if (first !== undefined) return true;
      else if (!(await window.more())) {
        if (this.#opened) this.#endIn('its statements');
        return false;
      }
    }
  }

  /** pg_dump writes a line before all and after all. */
  #note(comment: string): void {
    const found = heading.exec(comment);
    if (!found) return;
    this.#opened = found[1] === undefined;
    if (this.#opened) this.dumps++;
  }

  /** The rows of an INSERT statement so far, when others follow: these become a statement that starts as it does. */
  #cut(end: number): string | undefined {
    const window = this.#window;
    const { text } = window;
    comma.lastIndex = end;
    const start = /^insert\s/i.test(text) && comma.test(text) ? readInsert(text) : undefined;
    if (!start?.hasValues) return undefined;
    window.drop(comma.lastIndex);
    window.putBack(Buffer.from(text.slice(0, start.start), 'latin1'));
    return text.slice(0, end);
  }

  #take(end: number): string {
    const sql = this.#window.text.slice(0, end);
    this.#window.drop(end + 1);
    return sql;
  }

  async #skip(start: number): Promise<number> {
    for (;;) {
      const end = skipToken(this.#window.text, start);
      if (end >= 0) return end;
      const what = quoted[this.#window.text.charAt(start)] ?? 'a statement';
      await this.#more(`${what}, in the statement that starts in line ${this.#window.line}`);
    }
  }

  /** A command of psql. Those of pg_dump that say how psql should read what follows need no heed. */
  async #command(start: number): Promise<void> {
    const window = this.#window;
    while (!window.text.includes('\n', start)) await this.#more('a command of psql');
    const line = window.text.slice(start, window.text.indexOf('\n', start));
    const name = /^\\[^\s]*/.exec(line)?.[0] ?? '';
    const isConnect = /^\\c(onnect)?$/.test(name);
    const isEncoding = name === '\\encoding';
    if (start > 0 || !(isConnect || isEncoding || idle.test(name)))
      throw new ZenError(
        'failed',
        `${window.path}, line ${this.line}: ${excerpt(name)} is a command of psql, which Zen does not follow. Make the dump with pg_dump.`,
      );
    if (isConnect) this.database = readDatabase(line.slice(name.length)) ?? this.database;
    window.drop(line.length);
    if (isEncoding)
      window.putBack(Buffer.from(`set client_encoding to ${line.slice(name.length)};`, 'latin1'));
  }

  async #more(what: string): Promise<void> {
    if (!(await this.#window.more())) this.#endIn(what);
  }

  #endIn(what: string): never {
    throw new ZenError(
      'failed',
      `${this.#window.path} ends in the middle of ${what}: the dump is incomplete. Copy it again.`,
    );
  }
}

/** Counts how deep in BEGIN … END a routine is after `code`, which holds no texts and no comments. */
function countBlocks(code: string, before: number): number {
  let depth = before;
  for (const [word] of code.matchAll(/[a-z_\x80-\xff][\w\x80-\xff]*/gi)) {
    if (/^begin$/i.test(word) || (depth > 0 && /^case$/i.test(word))) depth++;
    else if (depth > 0 && /^end$/i.test(word)) depth--;
  }
  return depth;
}

/** Without the carriage returns that Windows adds; in a value, COPY writes `\r`. */
function unixLines(lines: Buffer): Buffer {
  if (!lines.includes('\r\n')) return lines;
  return Buffer.from(lines.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** The database of `\\connect zen`, or of `\\connect -reuse-previous=on "dbname='my zen'"`, as pg_dump writes it. */
function readDatabase(argument: string): string | undefined {
  const text = toUtf8(argument)
    .trim()
    .replace(/^-reuse-previous=\w+\s+/, '');
  const [, quoted, word = ''] = /^"((?:[^"]|"")*)"|^(\S*)/.exec(text) ?? [];
  const name = quoted?.replaceAll('""', '"') ?? word;
  const [, named = name] = /^dbname='?(.*?)'?$/.exec(name) ?? [];
  return named === '-' || named === '' ? undefined : named.replaceAll(/\\(.)/g, '$1');
}
