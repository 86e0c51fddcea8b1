import { isUtf8 } from 'node:buffer';
import { ZenError } from '../../errors.ts';
import { dayMs } from '../../time.ts';
import { mayBeTaken } from '../columns.ts';
import { year2000, year2100 } from '../copy/integers.ts';
import { escapeText, excerpt, TextBuffer } from '../copy/text.ts';
import type { BackupOptions, BackupTable } from './backup.ts';
import { FileBackup } from './file.ts';
import type { Source } from './file.ts';

const signature = 'PGCOPY\n\xff\r\n\0';
/** The part of a file that is read to learn the types of its columns. */
const typeChars = 1 << 16;
const mostValues = 1600;
const notFound = -1;
const asCsv = 'Make it with COPY … TO … (FORMAT csv, HEADER)';

/** A column's value as bytes; null stands for NULL. */
type Field = string | null;
/** The kind of a column's bytes; unknown when the column is NULL in all of the first rows. */
type Kind = 'text' | 'integer' | 'timestamp' | 'uuid' | 'unknown' | 'untold';

interface BinaryRow {
  values: Field[];
  /** The position of the next row; -1 after the last one. */
  end: number;
}

/** Tells whether the first bytes of a file are those of COPY … (FORMAT binary). */
export function isBinaryCopy(start: Buffer): boolean {
  return start.toString('latin1', 0, signature.length) === signature;
}

/**
 * A log in COPY's binary format (PostgreSQL's documentation, "COPY", "Binary Format"). It names neither columns nor
 * types, so the columns are called 1, 2, …, and the first rows reveal their contents. Numbers contain a zero byte,
 * texts never do.
 */
export class BinaryCopy extends FileBackup {
  readonly format = 'binary COPY';
  readonly #window: TextBuffer;
  readonly #given: BackupOptions['columns'];
  #kinds: Kind[] = [];

  /** @param bytes of the rows, decompressed @param bytes of the rows, not compressed any more */
  constructor(source: Source, bytes: AsyncIterable<Buffer>, { columns }: BackupOptions = {}) {
    super(source);
    this.#window = new TextBuffer(source.path, bytes, 'row');
    this.#given = columns;
  }

  /** @throws ZenError `failed` when it is damaged, or the columns are not identified */
  async find(): Promise<BackupTable> {
    const window = this.#window;
    while (window.text.length < typeChars && (await window.more()));
    if (window.text.length < signature.length + 8) this.#refuse('ends within its header. Copy it again');
    const flags = integerAt(window.text, signature.length, 4);
    if (flags !== 0) this.#refuse(`has OIDs, or something else that Zen does not read. ${asCsv}`);
    window.drop(signature.length + 8 + integerAt(window.text, signature.length + 4, 4));
    const sample: Field[][] = [];
    let row = this.#read(0);
    for (; row && row.end !== notFound; row = this.#read(row.end)) sample.push(row.values);
    const [first = []] = sample;
    const columns = first.map((_, place) => String(place + 1));
    this.#kinds = columns.map((name, place) => {
      const values = sample.flatMap((values) => values[place] ?? []);
      return kindOfValues(values, name === this.#given?.get('ts'));
    });
    if (sample.length === 0 && row) this.#refuse('is binary COPY data without rows. Check how it was made');
    if (!this.#given) {
      const held = first.map((value, place) => `${place + 1} is “${excerpt(this.#text(value, place))}”`);
      this.#refuse(
        `is binary COPY data, which names no columns. In its first row, ${held.join(', ')}. Say which is which: --columns event_id=1,ts=…`,
      );
    }
    const strange = columns.find(
      (name, at) => this.#kinds[at] === 'unknown' && mayBeTaken(name, this.#given),
    );
    if (strange !== undefined)
      this.#refuse(`has a type in column ${strange} that does not tell itself. ${asCsv}`);
    return { schema: '', name: 'log_raw', columns, types: new Map() };
  }

  async *rows(): AsyncGenerator<Buffer> {
    const window = this.#window;
    for (;;) {
      let rows = '';
      let at = 0;
      let row = this.#read(at);
      for (; row && row.end !== notFound; row = this.#read(at)) {
        rows += `${row.values.map((value, place) => this.#text(value, place)).join('\t')}\n`;
        at = row.end;
      }
      if (rows !== '') yield Buffer.from(rows, 'latin1');
      window.drop(row ? at + 2 : at);
      if (row) {
        if (!/^\n?$/.test(window.text) || ((await window.more()) && window.text !== '\n'))
          this.#damaged('something follows its end');
        return;
      }
      if (!(await window.more()))
        this.#refuse('ends in the middle of its rows: it is incomplete. Copy it again');
    }
  }

  /** Reads the row at a position; undefined when more must be read. */
  #read(start: number): BinaryRow | undefined {
    const { text } = this.#window;
    if (start + 2 > text.length) return undefined;
    const count = integerAt(text, start, 2);
    if (count === notFound) return { values: [], end: notFound };
    const width = this.#kinds.length || count;
    if (count !== width || count > mostValues) this.#damaged(`a row has ${count} values`);
    const values: Field[] = [];
    let at = start + 2;
    for (let place = 0; place < count; place++) {
      if (at + 4 > text.length) return undefined;
      const length = integerAt(text, at, 4);
      if (length < -1) this.#damaged(`a value has ${length} bytes`);
      this.#window.requireLength(length);
      const end = at + 4 + Math.max(length, 0);
      if (end > text.length) return undefined;
      values.push(length < 0 ? null : text.slice(at + 4, end));
      at = end;
    }
    return { values, end: at };
  }

  /** Writes a value as COPY text; NULL for a column of unknown type, which is not taken. */
  #text(value: Field, place: number): string {
    if (value === null) return '\\N';
    switch (this.#kinds[place]) {
      case 'text':
        if (!mayBeText(value)) this.#refuseMixed(place, 'texts');
        return escapeText(value);
      case 'integer':
        return String(this.#integer(value));
      case 'timestamp':
        return new Date(msOf(this.#integer(value))).toISOString().slice(0, -1).replace('T', ' ');
      case 'uuid':
        return Buffer.from(value, 'latin1')
          .toString('hex')
          .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      case 'untold':
        return this.#refuseMixed(place, 'NULL');
      case 'unknown':
        return '\\N';
    }
    throw new Error('The types of all columns are found first.');
  }

  #integer(value: string): bigint {
    if (!integerLengths.has(value.length)) this.#damaged(`a number has ${value.length} bytes`);
    return BigInt.asIntN(8 * value.length, BigInt(`0x${Buffer.from(value, 'latin1').toString('hex')}`));
  }

  #refuseMixed(place: number, first: string): never {
    this.#refuse(`has ${first} in the first rows of column ${place + 1}, and other values later. ${asCsv}`);
  }

  #damaged(how: string): never {
    this.#refuse(`is damaged, as binary COPY data: ${how}. Copy it again`);
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.path} ${why}.`);
  }
}

const integerLengths = new Set([2, 4, 8]);

/** Reads a signed integer, the high byte first. */
function integerAt(text: string, start: number, bytes: 2 | 4): number {
  let value = 0;
  for (let at = start; at < start + bytes; at++) value = (value << 8) | text.charCodeAt(at);
  return bytes === 2 ? (value << 16) >> 16 : value;
}

/** Tells whether bytes may be text; those of numbers include some that no text has. */
function mayBeText(value: string): boolean {
  return !/[^ -\xff\s]/.test(value);
}

/** Finds out what a column holds. Times may be timestamps: microseconds since 2000, not in the future. */
function kindOfValues(values: readonly string[], isTime: boolean): Kind {
  const lengths = new Set(values.map(({ length }) => length));
  const [length = 0] = lengths;
  if (values.length === 0) return 'untold';
  if (values.every((value) => mayBeText(value) && isUtf8(Buffer.from(value, 'latin1')))) return 'text';
  if (lengths.size === 1 && length === 16) return 'uuid';
  if (lengths.size > 1 || !integerLengths.has(length)) return 'unknown';
  return isTime && length === 8 && values.every(isTimestamp) ? 'timestamp' : 'integer';
}

/** Converts a timestamp of PostgreSQL to milliseconds since 1970. */
function msOf(timestamp: bigint): number {
  return Math.floor(Number(timestamp) / 1000) + year2000;
}

/** Tells whether a number is a timestamp of our century, no later than tomorrow, and not a time in Unix milliseconds. */
function isTimestamp(value: string): boolean {
  const number = Buffer.from(value, 'latin1').readBigInt64BE();
  const isUnix = number >= year2000 && number < year2100;
  return !isUnix && number >= 1e11 && msOf(number) < Date.now() + dayMs;
}
