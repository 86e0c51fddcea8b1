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
  /^(--|\/\*|\\(restrict|connect|c |set |timing|pset |echo |encoding )|(set|select|copy|create|insert|begin|drop|alter|use|pragma)\b|truncate\s|delete\s+from\s|start\s+transaction\b|with\s+(recursive\s+)?\S+\s+as\b|prepare\s+\S+\s+(\(|as\b)|do\s+(\$|'|language\s)|merge\s+into\s|comment\s+on\s|lock\s+table\s)/i;
/** Lines that certainly belong to a script, whatever precedes them. */
const sureLine =
  /^(-- PostgreSQL database|(set \w+ (=|to) |copy \S+ .*from stdin|insert into |create table |start transaction;|begin;))/im;
const firstChars = 4096;
/** The length beyond which an INSERT statement is read in pieces. */
const longestPiece = 1 << 16;
const comma = /\s*,/y;
/** psql commands that affect only how it reads or shows what follows, and to whom. */
const idle = /^\\(un)?restrict$|^\\(set|unset|timing|pset|echo|qecho)$/;
/** A message of pg_dump's that got into its output. */
const message = /^pg_(dump|dumpall|restore): .*\n/;

/**
 * Finds where a script starts, after any terminal output captured with it.
 *
 * @param text the first characters of a file
 * @returns undefined when it is no script
 */
export function startOfScript(text: string): number | undefined {
  if (statement.test(text.trimStart())) return 0;
  const start = text.search(sureLine);
  return start < 0 ? undefined : start;
}

/** Splits a script as psql does, into statements and the data that follows a COPY statement. */
export class Scanner {
  /** The line on which the last statement starts. */
  line = 1;
  /** The number of dumps begun so far, counted by pg_dump's heading. */
  dumps = 0;
  /** The database of the current statements, set by the last command that connects to one. */
  database = '';
  #started = false;
  readonly #window: TextBuffer;
  /** True between pg_dump's heading and its last line. */
  #opened = false;

  constructor(path: string, bytes: AsyncIterable<Buffer>) {
    this.#window = new TextBuffer(path, bytes, 'statement or row');
  }

  /**
   * Returns the next statement, one character a byte, without comments before it and without its semicolon; undefined
   * at the end.
   *
   * @throws ZenError `failed` when the file ends within it, and for a psql command
   */
  async next(): Promise<string | undefined> {
    const window = this.#window;
    if (!(await this.#begin())) return undefined;
    let parentheses = 0;
    let blocks: number | undefined; // in a routine: BEGIN ATOMIC … END, which contains semicolons
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
   * Yields the lines of data after a COPY statement, up to but not including the line `\.`.
   *
   * @param of the table, for errors
   * @param keep false to skip them, in pieces that need not be whole rows
   * @throws ZenError `failed` when the file ends first
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

  /** Decodes all that follows the last statement from another encoding. */
  recode(recode: Recode): void {
    this.#window.recode(recode);
  }

  /** Skips blanks, comments, empty statements and pg_dump's own commands; returns whether a statement follows. */
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

  /** Notes the comments that pg_dump writes at the start and end of a dump. */
  #note(comment: string): void {
    const found = heading.exec(comment);
    if (!found) return;
    this.#opened = found[1] === undefined;
    if (this.#opened) this.dumps++;
  }

  /**
   * Returns the rows so far of an INSERT statement that goes on; the rest becomes another statement with the same
   * beginning.
   */
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

  /** Handles a psql command. Those of pg_dump that only tell psql how to read are ignored. */
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

/** Counts the nesting of BEGIN … END in a routine after `code`, which contains no strings or comments. */
function countBlocks(code: string, before: number): number {
  let depth = before;
  for (const [word] of code.matchAll(/[a-z_\x80-\xff][\w\x80-\xff]*/gi)) {
    if (/^begin$/i.test(word) || (depth > 0 && /^case$/i.test(word))) depth++;
    else if (depth > 0 && /^end$/i.test(word)) depth--;
  }
  return depth;
}

/** Removes the carriage returns that Windows adds; within values, COPY writes `\r`. */
function unixLines(lines: Buffer): Buffer {
  if (!lines.includes('\r\n')) return lines;
  return Buffer.from(lines.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** Reads the database from `\\connect zen`, or from pg_dump's `\\connect -reuse-previous=on "dbname='my zen'"`. */
function readDatabase(argument: string): string | undefined {
  const text = toUtf8(argument)
    .trim()
    .replace(/^-reuse-previous=\w+\s+/, '');
  const [, quoted, word = ''] = /^"((?:[^"]|"")*)"|^(\S*)/.exec(text) ?? [];
  const name = quoted?.replaceAll('""', '"') ?? word;
  const [, named = name] = /^dbname='?(.*?)'?$/.exec(name) ?? [];
  return named === '-' || named === '' ? undefined : named.replaceAll(/\\(.)/g, '$1');
}
