import { ZenError } from '../errors.ts';
import { skip } from './statement.ts';
import { quote, Window } from './text.ts';

const newline = 10;
const blanks = /[ \t\n\r\f\v]*/y;
const marks = /['"$;()\\\-/]/g;
const routine = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s/i;
const heading = /^-- PostgreSQL database dump( complete)?\s*$/;
const lineOfData = Buffer.from('\n\\.');
const quoted: Record<string, string> = {
  "'": 'a text',
  '"': 'a quoted name',
  $: 'a dollar-quoted text',
  '/': 'a comment',
};

/** Cuts a script into its statements, as psql does, and into the data that follows a COPY statement. */
export class Scanner {
  /** The line in which the last statement starts. */
  line = 1;
  readonly #window: Window;
  /** Whether pg_dump's heading has been read, and not its last line yet. */
  #opened = false;

  constructor(path: string, bytes: AsyncIterable<Buffer>) {
    this.#window = new Window(path, bytes, 'statement or row');
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
      marks.lastIndex = at;
      if (!marks.test(window.text)) {
        await this.#more(`the statement that starts in line ${window.line}`);
        continue;
      }
      const mark = marks.lastIndex - 1;
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
      } else if (char === '\\') {
        await this.#command(mark);
      } else {
        const end = skip(window.text, mark);
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
    let held: Buffer[] = []; // of a row that has not ended yet
    let size = 0;
    for (let chunk = await window.take(); chunk; chunk = await window.take()) {
      const cut = chunk.lastIndexOf(newline) + 1;
      const lines = Buffer.concat(cut > 0 ? [...held, chunk.subarray(0, cut)] : []);
      const end = findEnd(lines);
      if (end) {
        if (end.start > 0) yield unixLines(lines.subarray(0, end.start));
        window.putBack(Buffer.concat([lines.subarray(end.stop), chunk.subarray(cut)]));
        return;
      }
      if (cut > 0) {
        yield unixLines(lines);
        held = [];
        size = 0;
      }
      held.push(chunk.subarray(cut));
      size += chunk.length - cut;
      if (keep) window.checkLength(size);
      else held = [Buffer.concat(held).subarray(0, lineOfData.length)];
    }
    if (Buffer.concat(held).toString('latin1') !== '\\.') this.#endIn(`the data of ${of}`);
  }

  /** Passes over blanks, comments and pg_dump's own commands; whether a statement starts there. */
  async #begin(): Promise<boolean> {
    const window = this.#window;
    for (;;) {
      blanks.lastIndex = 0;
      blanks.test(window.text);
      window.drop(blanks.lastIndex);
      this.line = window.line;
      const [first] = window.text;
      if (first === '\\') await this.#command(0);
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
    if (found) this.#opened = found[1] === undefined;
  }

  #take(end: number): string {
    const sql = this.#window.text.slice(0, end);
    this.#window.drop(end + 1);
    return sql;
  }

  async #skip(start: number): Promise<number> {
    for (;;) {
      const end = skip(this.#window.text, start);
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
    if (start > 0 || (name !== '\\restrict' && name !== '\\unrestrict')) {
      throw new ZenError(
        'failed',
        `${window.path}, line ${this.line}: Zen does not follow psql's command ${quote(name)}. Make a dump of one database, with pg_dump without --create.`,
      );
    }
    window.drop(line.length);
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

/** How deep in BEGIN … END a routine is after `code`, which holds no texts and no comments. */
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

/** The line `\.` that ends COPY data, among whole lines. */
function findEnd(lines: Buffer): { start: number; stop: number } | undefined {
  let start = lines.subarray(0, 2).equals(lineOfData.subarray(1)) ? 0 : findLine(lines, 0);
  for (; start >= 0; start = findLine(lines, start)) {
    const stop = start + (lines[start + 2] === 13 ? 4 : 3);
    if (lines[stop - 1] === newline) return { start, stop };
  }
  return undefined;
}

function findLine(lines: Buffer, from: number): number {
  const before = lines.indexOf(lineOfData, from);
  return before < 0 ? -1 : before + 1;
}
