import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors, ParquetParsers, ParquetScan, SchemaElement } from 'hyparquet';
import { messageOf, shorten, ZenError } from '../../errors.ts';
import { dayMs } from '../../time.ts';
import { mayBeTaken } from '../columns.ts';
import { expandBlock } from '../compression/lz4.ts';
import { loadUnzstd } from '../compression/zstd.ts';
import { escapeText } from '../copy/text.ts';
import type { BackupOptions, BackupTable } from './backup.ts';
import { FileBackup } from './file.ts';
import type { ByteReader } from './reader.ts';

const codecs = new Set(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW']);
const pieceRows = 1 << 13;
/** The rows held at once. A row group may have millions, and reading part of one costs no more than rereading it. */
const heldRows = 1 << 16;

/** Tells whether the start of a file is that of Parquet. */
export function isParquet(start: Buffer): boolean {
  return start.toString('latin1', 0, 4) === 'PAR1';
}

/** A log in Parquet (Apache's column format); only the log's columns are read. */
export class Parquet extends FileBackup {
  readonly format = 'Parquet';
  readonly #reader: ByteReader;
  readonly #options: BackupOptions;
  #scan: ParquetScan | undefined;
  /** The decimal places of columns of type DECIMAL. */
  readonly #scales = new Map<string, number>();
  #taken = 0;

  constructor(reader: ByteReader, options: BackupOptions) {
    super(reader);
    this.#reader = reader;
    this.#options = options;
  }

  override get position(): number {
    return this.#taken;
  }

  /** @throws ZenError `failed` when it is damaged, or compressed in an unsupported way */
  async find(): Promise<BackupTable> {
    const { parquetMetadataAsync, parquetScan, parquetSchema } = await import('hyparquet');
    const byteLength = this.size;
    const file = { byteLength, slice: (start: number, end = byteLength) => this.#slice(start, end) };
    return this.#guard(async () => {
      const metadata = await parquetMetadataAsync(file);
      const fields = parquetSchema(metadata).children.map(({ element }) => element);
      const taken = fields.filter(({ name }) => mayBeTaken(name, this.#options.columns));
      const packed = metadata.row_groups.flatMap(({ columns }) =>
        columns.map(({ meta_data: data }) => data?.codec ?? ''),
      );
      const strange = packed.find((codec) => !codecs.has(codec));
      if (strange !== undefined)
        throw new ZenError(
          'failed',
          `${this.path} is compressed with ${shorten(strange, 20)}. Write it with snappy or zstd.`,
        );
      for (const field of taken) this.#prepare(field);
      const columns = taken.map(({ name }) => name);
      this.#scan = await parquetScan({
        file,
        metadata,
        columns,
        utf8: false,
        parsers,
        compressors: await compressors(),
      });
      return { schema: '', name: 'log_raw', columns: fields.map(({ name }) => name), types: new Map() };
    });
  }

  async *rows({ columns }: BackupTable): AsyncGenerator<Buffer> {
    const scan = this.#scan;
    if (!scan) throw new Error('Its table is found first.');
    const isTaken = (name: string) => mayBeTaken(name, this.#options.columns);
    for (const { rowStart, rowEnd } of scan.ranges.flatMap(cutRange)) {
      const count = rowEnd - rowStart;
      const values: (ArrayLike<unknown> | undefined)[] = [];
      for (const column of columns)
        values.push(
          isTaken(column)
            ? await this.#guard(() => scan.readColumn({ column, rowStart, rowEnd }))
            : undefined,
        );
      if (values.some((each) => each && each.length !== count))
        this.#damaged('its columns have different lengths');
      const line = (row: number) => columns.map((name, at) => this.#text(name, values[at]?.[row])).join('\t');
      for (let start = 0; start < count; start += pieceRows) {
        const length = Math.min(pieceRows, count - start);
        yield await this.#guard(() =>
          Buffer.from(Array.from({ length }, (_, row) => `${line(start + row)}\n`).join('')),
        );
      }
    }
  }

  /** The library would turn DECIMAL into a number, which is too imprecise, and 32 bits are too few for a time or an id. */
  #prepare(field: SchemaElement): void {
    if (field.type === 'FLOAT')
      throw new ZenError(
        'failed',
        `${this.path}: ${field.name} is of type FLOAT, which has too few digits. Write it as INT64.`,
      );
    if (field.converted_type !== 'DECIMAL' && field.logical_type?.type !== 'DECIMAL') return;
    this.#scales.set(field.name, field.scale ?? 0);
    delete field.converted_type;
    delete field.logical_type;
  }

  /** Writes a value as COPY text. */
  #text(column: string, value: unknown): string {
    if (value === null || value === undefined) return '\\N';
    const scale = this.#scales.get(column);
    if (scale !== undefined) return writeDecimal(value as Uint8Array | bigint | number, scale);
    if (value instanceof Uint8Array) return escapeText(decoder.decode(value));
    if (typeof value === 'string') return escapeText(value);
    if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
      return value.toExponential(15);
    if (typeof value === 'object')
      return escapeText(
        JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)),
      );
    return `${value as number | bigint | boolean}`;
  }

  async #slice(start: number, end: number): Promise<ArrayBuffer> {
    const bytes = await this.#reader.section(start, end - start).bytes(end - start);
    this.#taken = Math.max(this.#taken, end);
    return bytes.buffer as ArrayBuffer;
  }

  async #guard<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ZenError) throw error;
      return this.#damaged(shorten(messageOf(error), 100), error);
    }
  }

  #damaged(how: string, cause?: unknown): never {
    throw new ZenError('failed', `${this.path} is damaged, as Parquet: ${how}. Copy it again.`, { cause });
  }
}

interface RowRange {
  rowStart: number;
  rowEnd: number;
}

function cutRange({ rowStart, rowEnd }: RowRange): RowRange[] {
  return Array.from({ length: Math.ceil((rowEnd - rowStart) / heldRows) }, (_, at) => ({
    rowStart: rowStart + at * heldRows,
    rowEnd: Math.min(rowEnd, rowStart + (at + 1) * heldRows),
  }));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decoder.decode(bytes);
}

/** Writes a timestamp as PostgreSQL does, to the millisecond, given its units per millisecond. */
function timestamp(value: bigint | number | undefined, perMs: bigint): string | undefined {
  if (value === undefined) return undefined;
  const number = BigInt(value);
  const ms = number / perMs - (number % perMs < 0n ? 1n : 0n);
  return new Date(Number(ms)).toISOString().replace('T', ' ').slice(0, -1);
}

const parsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (value) => timestamp(value, 1n),
  timestampFromMicroseconds: (value) => timestamp(value, 1000n),
  timestampFromNanoseconds: (value) => timestamp(value, 1_000_000n),
  dateFromDays: (days) => timestamp(days * dayMs, 1n)?.slice(0, 10),
  stringFromBytes: decode,
  jsonFromBytes: decode,
};

/** Writes whole numbers whose last digits are decimal places. */
function writeDecimal(value: Uint8Array | bigint | number, scale: number): string {
  const whole =
    value instanceof Uint8Array
      ? BigInt.asIntN(
          8 * value.length,
          value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
        )
      : BigInt(value);
  if (scale === 0) return String(whole);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  return `${whole < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

async function compressors(): Promise<Compressors> {
  const unzstd = await loadUnzstd();
  const unpack: Compressors = {
    GZIP: (page, length) => gunzipSync(page, { maxOutputLength: length }),
    BROTLI: (page, length) => brotliDecompressSync(page, { maxOutputLength: length }),
    ZSTD: (page, length) => unzstd(page, length),
    LZ4_RAW: (page, length) => {
      const memory = Buffer.alloc(length);
      return memory.subarray(0, expandBlock(Buffer.from(page), memory, 0));
    },
  };
  return unpack;
}
