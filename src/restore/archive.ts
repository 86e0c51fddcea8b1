import { Readable, pipeline } from 'node:stream';
import { createInflate } from 'node:zlib';
import { messageOf, ZenError } from '../errors.ts';
import { Reader } from './reader.ts';

/** One table's data in an archive. */
export interface TableData {
  id: number;
  schema: string;
  table: string;
  /** The COPY statement that the data answers; empty when the dump holds INSERT statements. */
  copy: string;
  /** Where its data block starts; null when the archive was written to a pipe and does not say. */
  offset: number | null;
}

interface Header {
  /** major × 256 + minor. */
  version: number;
  intSize: number;
  offsetSize: number;
  compressed: boolean;
}

const v = (minor: number) => 256 + minor;
const block = { data: 1, blobs: 3 };
const customFormat = 1;

/**
 * An archive in PostgreSQL's custom format (`pg_dump -Fc`), versions 1.12 to 1.16, that is PostgreSQL 9.0 to 18.
 * The format is defined by PostgreSQL's src/bin/pg_dump: pg_backup_archiver.c (ReadHead, ReadToc, ReadInt, ReadStr,
 * ReadOffset) and pg_backup_custom.c (_ReadExtraToc, _PrintTocData, _readBlockHeader).
 */
export class Archive {
  readonly tables: TableData[] = [];
  readonly #reader: Reader;
  #header: Header = { version: 0, intSize: 4, offsetSize: 8, compressed: false };
  #firstBlock = 0;

  private constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * Reads the header and the table of contents.
   *
   * @throws ZenError `failed` for a file that is not such an archive, is damaged, or is of an unknown version
   */
  static async open(path: string): Promise<Archive> {
    const archive = new Archive(await Reader.open(path));
    try {
      await archive.#readHeader();
      await archive.#readContents();
      return archive;
    } catch (error) {
      await archive.close();
      throw error;
    }
  }

  get size(): number {
    return this.#reader.size;
  }

  /** How many bytes of the file have been read. */
  get position(): number {
    return this.#reader.position;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /**
   * The data of one table, inflated: COPY text, ended by a line `\.`.
   *
   * @throws ZenError `failed` when the data is damaged or cut short
   */
  async *read(table: TableData): AsyncGenerator<Buffer> {
    await this.#seekBlock(table);
    const chunks = Readable.from(this.#chunks(), { objectMode: false });
    const data = this.#header.compressed ? pipeline(chunks, createInflate(), () => undefined) : chunks;
    try {
      for await (const chunk of data) yield chunk as Buffer;
    } catch (error) {
      if (error instanceof ZenError) throw error;
      this.#damaged(`the data of ${table.table} cannot be inflated, ${messageOf(error)}`, error);
    }
  }

  async #readHeader(): Promise<void> {
    const reader = this.#reader;
    const magic = reader.size < 11 ? '' : (await reader.bytes(5)).toString('latin1');
    if (magic !== 'PGDMP') {
      throw new ZenError(
        'failed',
        `${reader.path} is not a custom-format archive. Make one with pg_dump -Fc.`,
      );
    }
    const [major, minor, , intSize, offsetSize, format] = await reader.bytes(6);
    const version = (major ?? 0) * 256 + (minor ?? 0);
    if (version < v(12) || version > v(16) || format !== customFormat) {
      throw new ZenError(
        'failed',
        `${reader.path} is an archive of version ${major}.${minor}, format ${format}: Zen reads versions 1.12 to 1.16 of the custom format, pg_dump -Fc.`,
      );
    }
    this.#header = { version, intSize: intSize ?? 0, offsetSize: offsetSize ?? 0, compressed: false };
    if (
      this.#header.intSize < 1 ||
      this.#header.intSize > 8 ||
      this.#header.offsetSize < 1 ||
      this.#header.offsetSize > 8
    ) {
      this.#damaged(`it gives its integers ${intSize} and its offsets ${offsetSize} bytes`);
    }
    this.#header.compressed = await this.#readCompression();
    for (let field = 0; field < 7; field++) await this.#int(); // when it was made: second to year, then daylight saving
    for (let field = 0; field < 3; field++) await this.#string(); // its database, the server's version, pg_dump's
  }

  /** Before 1.15 a zlib level (0: none, -1: the default one); since then the number of an algorithm. */
  async #readCompression(): Promise<boolean> {
    if (this.#header.version < v(15)) return (await this.#int()) !== 0;
    const algorithm = await this.#reader.byte();
    if (algorithm > 1) {
      const name = ['none', 'gzip', 'lz4', 'zstd'][algorithm] ?? `algorithm ${algorithm}`;
      throw new ZenError(
        'failed',
        `${this.#reader.path} is compressed with ${name}. Make it with pg_dump -Fc --compress=gzip.`,
      );
    }
    return algorithm === 1;
  }

  async #readContents(): Promise<void> {
    const count = await this.#int();
    for (let entry = 0; entry < count; entry++) await this.#readEntry();
    this.#firstBlock = this.#reader.position;
  }

  async #readEntry(): Promise<void> {
    const { version } = this.#header;
    const id = await this.#int();
    await this.#int(); // whether it has data
    await this.#string(); // oid of its catalogue
    await this.#string(); // its own oid
    const table = (await this.#string()) ?? '';
    const description = await this.#string();
    await this.#int(); // section
    await this.#string(); // definition
    await this.#string(); // drop statement
    const copy = (await this.#string()) ?? '';
    const schema = (await this.#string()) ?? '';
    await this.#string(); // tablespace
    if (version >= v(14)) await this.#string(); // table access method
    if (version >= v(16)) await this.#int(); // kind of relation
    await this.#string(); // owner
    await this.#string(); // with oids
    while ((await this.#string()) !== null); // dependencies
    const offset = await this.#offset();
    if (description === 'TABLE DATA') this.tables.push({ id, schema, table, copy, offset });
  }

  /** A data block starts with its kind and the id of its entry; the archive may not say where, then it is looked for. */
  async #seekBlock(table: TableData): Promise<void> {
    this.#reader.seek(table.offset ?? this.#firstBlock);
    for (;;) {
      const kind = await this.#reader.byte();
      const id = await this.#int();
      if (kind === block.data && id === table.id) return;
      if (table.offset !== null || (kind !== block.data && kind !== block.blobs)) {
        this.#damaged(`the data of ${table.table} is not where its contents say`);
      }
      await (kind === block.data ? this.#skipChunks() : this.#skipBlobs());
    }
  }

  async #skipChunks(): Promise<void> {
    for (let length = await this.#int(); length !== 0; length = await this.#int()) {
      this.#reader.seek(this.#reader.position + this.#checkLength(length));
    }
  }

  async #skipBlobs(): Promise<void> {
    while ((await this.#int()) !== 0) await this.#skipChunks();
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    for (let length = await this.#int(); length !== 0; length = await this.#int()) {
      yield await this.#reader.bytes(this.#checkLength(length));
    }
  }

  #checkLength(length: number): number {
    if (length < 0) this.#damaged(`a block of ${length} bytes`);
    return length;
  }

  /** A sign byte, then `intSize` bytes, the lowest first. */
  async #int(): Promise<number> {
    const [sign, ...digits] = await this.#reader.bytes(1 + this.#header.intSize);
    const size = digits.reduceRight((sum, digit) => sum * 256 + digit, 0);
    return sign ? -size : size;
  }

  /** A length, then as many bytes; a negative length is a null. */
  async #string(): Promise<string | null> {
    const length = await this.#int();
    return length < 0 ? null : (await this.#reader.bytes(length)).toString('utf8');
  }

  /** Whether the offset is known (2), then the offset, the lowest byte first. */
  async #offset(): Promise<number | null> {
    const [known, ...digits] = await this.#reader.bytes(1 + this.#header.offsetSize);
    return known === 2 ? digits.reduceRight((sum, digit) => sum * 256 + digit, 0) : null;
  }

  #damaged(how: string, cause?: unknown): never {
    throw new ZenError('failed', `${this.#reader.path} is damaged: ${how}. Copy it again.`, { cause });
  }
}
