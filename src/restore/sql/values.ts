import { ZenError } from '../../errors.ts';
import { isTaken } from '../columns.ts';
import { skipToken } from './statement.ts';
import { escapeText, excerpt } from '../copy/text.ts';

const simple = /(?:null|true|false|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?![\w$.(\x80-\xff])/iy;
const bits = /b'([01]*)'|x'([\da-f]*)'/iy;
const ownEscape = /\s+uescape\s+'([^\s\w+'"])'/iy;
const generated = /default(?![\w$.(\x80-\xff])/iy;
const cast =
  /(?:\s*::\s*(?:"[^"]*"|[a-z_][\w$]*)(?:\.(?:"[^"]*"|[a-z_][\w$]*))?(?: (?:varying|precision))?(?:\s*\([\d, ]*\))?(?: with(?:out)? time zone)?(?:\[\])*)*/iy;
const tail =
  /^(?:\s*on\s+conflict(?:\s*\([^)]*\)|\s+on\s+constraint\s+\S+)?\s+do\s+nothing)?(?:\s+returning\s[^()]*)?\s*$/i;
/** The rest of the text in parentheses after a literal. */
const inside = /(?:\s*::[^,)]*(?:\([\d, ]*\))?[^,)]*|\s+as\s+[^,()]+(?:\([\d, ]*\))?[^,()]*)?\s*\)/iy;
/** A type before its text: `TIMESTAMP '…'`. */
const typed =
  /(?:timestamptz|(?:timestamp|time)(?:\s*\(\d\))?(?:\s+with(?:out)?\s+time\s+zone)?|date|text|bigint|int[48]?|integer|numeric|varchar)\s*(?=')/iy;

/** Settings that affect the values of an INSERT statement. */
interface ValuesOptions {
  /** The columns of the rows, in order. */
  columns: readonly string[];
  /** True when a backslash is an escape in ordinary strings, too: `standard_conforming_strings` off. */
  escapes: boolean;
  /** The file, line and table, for an error. */
  where: string;
}

/**
 * Converts `(1, 'it''s', NULL), (…)`, the end of an INSERT statement, to rows of COPY text. Nothing is evaluated:
 * values are literals, and casts are ignored. DEFAULT, which pg_dump writes for a generated column, becomes NULL unless
 * the column is the log's.
 *
 * @param sql one character a byte
 * @param start where the list starts
 * @throws ZenError `failed` for anything but literals, and for a row of another width
 */
export function readValues(sql: string, start: number, options: ValuesOptions): string {
  return new Values(sql, start, options).read();
}

class Values {
  readonly #sql: string;
  readonly #options: ValuesOptions;
  #at: number;

  constructor(sql: string, start: number, options: ValuesOptions) {
    this.#sql = sql;
    this.#at = start;
    this.#options = options;
  }

  read(): string {
    const rows: string[] = [];
    do rows.push(this.#row());
    while (this.#accept(','));
    const rest = this.#sql.slice(this.#at);
    if (!tail.test(rest)) this.#refuse(`has ${excerpt(rest)} after its values, which Zen does not know`);
    return rows.join('');
  }

  #row(): string {
    if (!this.#accept('('))
      this.#refuse(`has ${excerpt(this.#sql.slice(this.#at))} where a row should start`);
    const { columns } = this.#options;
    const width = columns.length;
    const values: string[] = [];
    do values.push(this.#value(columns[values.length] ?? ''));
    while (this.#accept(','));
    if (!this.#accept(')')) this.#refuseValue(this.#at);
    if (values.length !== width) this.#refuse(`has a row of ${values.length} values for ${width} columns`);
    return `${values.join('\t')}\n`;
  }

  #value(column: string): string {
    this.#skipBlanks();
    const start = this.#at;
    const value = this.#literal(column);
    if (this.#isEnd()) return value;
    cast.lastIndex = this.#at;
    cast.test(this.#sql);
    this.#at = cast.lastIndex;
    this.#skipBlanks();
    if (!this.#isEnd()) this.#refuseValue(start);
    return value;
  }

  #isEnd(): boolean {
    const next = this.#sql[this.#at];
    return next === ',' || next === ')';
  }

  #literal(column: string): string {
    const first = this.#sql[this.#at];
    if (first === "'") return this.#text(this.#at, this.#options.escapes);
    if ((first === 'E' || first === 'e') && this.#sql[this.#at + 1] === "'")
      return this.#text(this.#at + 1, true);
    typed.lastIndex = this.#at;
    if (typed.test(this.#sql)) return this.#text(typed.lastIndex, this.#options.escapes);
    simple.lastIndex = this.#at;
    if (!simple.test(this.#sql)) return this.#rare(column);
    const value = this.#sql.slice(this.#at, simple.lastIndex);
    this.#at = simple.lastIndex;
    return /^[a-z]/i.test(value) ? (keywords[value.toLowerCase()] ?? value) : value;
  }

  /** Reads a literal in parentheses, or in `CAST(… AS type)`. */
  #inner(column: string): string {
    const start = this.#at;
    this.#at = this.#sql.indexOf('(', start) + 1;
    this.#skipBlanks();
    const value = this.#literal(column);
    inside.lastIndex = this.#at;
    const [written] = inside.exec(this.#sql) ?? this.#refuseValue(start);
    this.#at += written.length;
    return value;
  }

  /** Reads a string between dollars, `$$it's$$`. */
  #dollars(): string {
    const end = skipToken(this.#sql, this.#at);
    if (end <= this.#at) this.#refuseValue(this.#at);
    const mark = this.#sql.indexOf('$', this.#at + 1) + 1 - this.#at;
    const value = this.#sql.slice(this.#at + mark, end - mark);
    this.#at = end;
    return escapeText(value);
  }

  #rare(column: string): string {
    const [next = ''] = /^(?:\$|n'|u&'|\(|cast\s*\()/i.exec(this.#sql.slice(this.#at, this.#at + 9)) ?? [];
    if (next === '$') return this.#dollars();
    if (next.length === 3) return this.#unicode();
    if (next.endsWith("'")) return this.#text(this.#at + 1, this.#options.escapes);
    if (next !== '') return this.#inner(column);
    bits.lastIndex = generated.lastIndex = this.#at;
    const [all, binary, hex = ''] = bits.exec(this.#sql) ?? [];
    if (all === undefined && (isTaken(column) || !generated.test(this.#sql))) this.#refuseValue(this.#at);
    this.#at = all === undefined ? generated.lastIndex : bits.lastIndex;
    if (all === undefined) return keywords.null;
    return binary ?? hex.replaceAll(/./g, (digit) => parseInt(digit, 16).toString(2).padStart(4, '0'));
  }

  /** Rewrites the Unicode escapes of `U&'…' UESCAPE '!'` as those of an `E'…'` (PostgreSQL's documentation, 4.1.2.3). */
  #unicode(): string {
    const start = this.#at;
    const end = skipToken(this.#sql, start + 2);
    if (end < 0) this.#refuseValue(start);
    ownEscape.lastIndex = end;
    const mark = ownEscape.exec(this.#sql)?.[1] ?? '\\';
    this.#at = Math.max(end, ownEscape.lastIndex);
    const escape = new RegExp(`\\${mark}(?:\\${mark}|\\+([\\da-f]{6})|([\\da-f]{4})|())|\\\\`, 'gi');
    const text = this.#sql
      .slice(start + 3, end - 1)
      .replaceAll(escape, (all, long?: string, short?: string, wrong?: string) => {
        if (wrong !== undefined) this.#refuseValue(start);
        if (long !== undefined) return `\\U00${long}`;
        return short === undefined ? all.slice(-1).replace('\\', '\\\\') : `\\u${short}`;
      });
    return escapeText(unescapeLiteral(text));
  }

  #text(start: number, escapes: boolean): string {
    const end = skipToken(this.#sql, start);
    if (end < 0) this.#refuseValue(start);
    const value = this.#sql.slice(start + 1, end - 1);
    this.#at = end;
    if (escapes) return escapeText(unescapeLiteral(value));
    return escapeText(value.includes("'") ? value.replaceAll("''", "'") : value);
  }

  #accept(token: string): boolean {
    this.#skipBlanks();
    if (this.#sql[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    for (;;) {
      while (isBlank(this.#sql.charCodeAt(this.#at))) this.#at++;
      const end = /[-/]/.test(this.#sql[this.#at] ?? '') ? skipToken(this.#sql, this.#at) : this.#at;
      if (end === this.#at) return;
      this.#at = end < 0 ? this.#sql.length : end;
    }
  }

  #refuseValue(start: number): never {
    const value = /^[^,]*/.exec(this.#sql.slice(start, start + 240))?.[0] ?? '';
    this.#refuse(`has the value ${excerpt(value)}, which is not a literal, and Zen evaluates nothing`);
  }

  #refuse(why: string): never {
    throw new ZenError(
      'failed',
      `${this.#options.where} ${why}. Make the dump with pg_dump, without --inserts.`,
    );
  }
}

/** Tells whether a character is a space, tab, newline, vertical tab, form feed or carriage return. */
function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

const keywords: Record<string, string> & { null: string } = { null: '\\N', true: 't', false: 'f' };
const escapedControls: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const escaped = /''|(?:\\u[\da-fA-F]{4})+|\\U[\da-fA-F]{8}|\\x[\da-fA-F]{1,2}|\\[0-7]{1,3}|\\[^]/g;

/** Unescapes an `E'…'` string (PostgreSQL's documentation, 4.1.2.2), one character a byte. */
function unescapeLiteral(text: string): string {
  if (!/['\\]/.test(text)) return text;
  return text.replaceAll(escaped, (escape) => {
    const [first = '', kind = ''] = escape;
    if (first === "'") return "'";
    if (escape.length === 2)
      return escapedControls[kind] ?? (/[0-7]/.test(kind) ? String.fromCharCode(Number(kind)) : kind);
    if (kind === 'x') return String.fromCharCode(parseInt(escape.slice(2), 16));
    if (kind !== 'u' && kind !== 'U') return String.fromCharCode(parseInt(escape.slice(1), 8) & 255);
    const codes = escape
      .split(/\\[uU]/)
      .slice(1)
      .map((digits) => parseInt(digits, 16));
    if (codes.some((code) => code > 0x10ffff)) return '\0'; // which a database refuses, as it refuses such an escape
    const chars = kind === 'u' ? String.fromCharCode(...codes) : String.fromCodePoint(...codes);
    return Buffer.from(chars).toString('latin1');
  });
}
