import { shorten, ZenError } from '../../errors.ts';
import { newline } from './bytes.ts';
import type { Recode } from '../encoding.ts';

const limit = 64 * 1024 * 1024;
const byteOrderMark = '\xef\xbb\xbf';

/**
 * A file's bytes as text, buffered from where it has been read to where it is needed. Each character is one byte
 * (latin1): the text becomes bytes again, and only ASCII marks where things end.
 */
export class TextBuffer {
  readonly path: string;
  /** The text that has been read and not yet dropped. */
  text = '';
  /** The line of the file in which that text starts. */
  line = 1;
  readonly #bytes: AsyncIterator<Buffer, undefined>;
  readonly #unit: string;
  #recode: Recode | undefined;
  #started = false;
  #ended = false;

  /**
   * @param unit the name of what is read in one piece, for the error when it is too long
   * @param unit what is read in one piece, for the error when it is too long
   */
  constructor(path: string, bytes: AsyncIterable<Buffer>, unit: string) {
    this.path = path;
    this.#bytes = bytes[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    this.#unit = unit;
  }

  /**
   * Reads three times as much as is buffered, so that a long text is not rescanned and copied for each chunk. Ends the
   * file's last line.
   *
   * @returns false when all has been read
   * @throws ZenError `failed` when 64 MB are not enough
   */
  async more(): Promise<boolean> {
    if (this.#ended) return false;
    if (this.text.length > limit) this.tooLong();
    const pieces = [this.text];
    const wanted = Math.max(3 * this.text.length, byteOrderMark.length);
    for (let missing = Math.min(wanted, limit + 1 - this.text.length); missing > 0;) {
      const chunk = await this.#next();
      pieces.push(chunk?.toString('latin1') ?? '\n');
      missing -= chunk?.length ?? missing;
    }
    this.text = pieces.join('');
    if (!this.#started && this.text.startsWith(byteOrderMark))
      this.text = this.text.slice(byteOrderMark.length);
    this.#started = true;
    return true;
  }

  /** Reads all that has not been dropped in another encoding from here on. */
  recode(recode: Recode): void {
    this.text = recode(Buffer.from(this.text, 'latin1')).toString('latin1');
    this.#recode = recode;
  }

  /** Drops the first `count` characters. */
  drop(count: number): void {
    const dropped = this.text.slice(0, count);
    for (let at = dropped.indexOf('\n'); at >= 0; at = dropped.indexOf('\n', at + 1)) this.line++;
    this.text = this.text.slice(count);
  }

  /** Takes the buffered text as bytes, or else the next chunk; undefined at the end. */
  async take(): Promise<Buffer | undefined> {
    if (this.text === '' && this.#ended) return undefined;
    const chunk = this.text === '' ? await this.#next() : Buffer.from(this.text, 'latin1');
    this.text = '';
    this.line += chunk ? countLines(chunk) : 0;
    return chunk;
  }

  /** Puts back excess bytes, before the text. */
  putBack(bytes: Buffer): void {
    this.text = bytes.toString('latin1') + this.text;
    this.line -= countLines(bytes);
  }

  /** @throws ZenError `failed` when `bytes` exceeds what may be held at once */
  requireLength(bytes: number): void {
    if (bytes > limit) this.tooLong();
  }

  tooLong(): never {
    throw new ZenError(
      'failed',
      `${this.path}, line ${this.line}: a ${this.#unit} is longer than 64 MB. Check that it is the right file.`,
    );
  }

  async #next(): Promise<Buffer | undefined> {
    const next = await this.#bytes.next();
    this.#ended = next.done === true;
    if (!this.#recode) return next.value;
    const recoded = this.#recode(next.value);
    return next.done && recoded.length === 0 ? undefined : recoded;
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.length; at-- > 0;) lines += bytes[at] === newline ? 1 : 0;
  return lines;
}

const escapes: Record<string, string> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
};

/** Escapes a value for COPY's text format (PostgreSQL's src/backend/commands/copyto.c, CopyAttributeOutText). */
export function escapeText(value: string): string {
  return /[\b-\r\\]/.test(value) ? value.replaceAll(/[\b-\r\\]/g, (char) => escapes[char] ?? char) : value;
}

const escaped = new Map(Object.entries(escapes).map(([char, escape]) => [escape, char]));

/** Reverses `escapeText`; undefined for an escape that it never writes. */
export function unescapeText(text: string): string | undefined {
  if (text.replaceAll(/\\[\\bfnrtv]/g, '').includes('\\')) return undefined;
  return text.replaceAll(/\\[^]/g, (escape) => escaped.get(escape) ?? escape);
}

/** Decodes text of one character a byte as UTF-8. */
export function toUtf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Returns the start of a piece of a script, for an error. */
export function excerpt(text: string): string {
  return shorten(toUtf8(text.slice(0, 240)), 60);
}
