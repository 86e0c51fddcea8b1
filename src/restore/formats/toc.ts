import { ZenError } from '../../errors.ts';
import { fullName, inherited } from './backup.ts';
import type { BackupOptions, BackupTable, QualifiedName } from './backup.ts';
import { Catalogue } from './catalogue.ts';
import { describeEncoding, makeRecoder, recodeChunks, requireEncoding } from '../encoding.ts';
import type { Recode } from '../encoding.ts';
import { reorder } from '../copy/reorder.ts';
import { cutRows } from '../copy/rows.ts';
import type { ByteReader } from './reader.ts';
import { TableSelection } from '../selection.ts';
import { readAttachment, readCopy, readDefinition } from '../sql/statement.ts';

/** The compressions of an archive's data, each at the index that the header states since version 1.15. */
const compressions = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** The archive formats that have a table of contents, by their number in the header. */
const formats = { 1: 'custom', 3: 'tar', 5: 'directory' } as const;
export type Format = (typeof formats)[keyof typeof formats];

/**
 * A table to take from an archive, and its location; it has several parts when others are its partitions or inherit
 * from it.
 */
export interface Entry extends BackupTable {
  parts: TablePart[];
  recoder: Contents['recoder'];
}

export interface TablePart extends BackupTable {
  id: number;
  /** Custom format: the offset of its data block; null when the archive was written to a pipe and states none. */
  offset: number | null;
  /** Tar and directory: the name of the file. */
  file: string | null;
}

/** The tables of an archive, and which of them have data. */
export interface Contents {
  catalogue: Catalogue;
  parts: TablePart[];
  /** Returns a function that converts the archive's text to UTF-8. */
  recoder: () => Recode | undefined;
  notes: string[];
}

export interface Toc {
  format: Format;
  compression: Compression;
  contents: Contents;
  /** Continues reading the same file. */
  fields: ArchiveFields;
}

/** The most bytes that a single field or chunk of an archive may have. */
export const longestField = 64 << 20;

const v = (minor: number) => 256 + minor;

/**
 * Reads the header and the table of contents of an archive, versions 1.12 to 1.16: PostgreSQL 9.0 to 18. The format is
 * defined in PostgreSQL's src/bin/pg_dump: pg_backup_archiver.c (ReadHead, ReadToc); for data offsets, _ReadExtraToc in
 * pg_backup_custom.c, pg_backup_tar.c and pg_backup_directory.c.
 *
 * @throws ZenError `failed` for a file that is no archive, is damaged, or has an unknown version
 */
export async function readToc(reader: ByteReader, { encoding: given }: BackupOptions = {}): Promise<Toc> {
  const { version, format, fields } = await readHeader(reader);
  const compression = await readCompression(reader, version, fields);
  for (let field = 0; field < 7; field++) await fields.int(); // creation time: second to year, then daylight saving
  for (let field = 0; field < 3; field++) await fields.string(); // database, server version, pg_dump version
  const parts: TablePart[] = [];
  const catalogue = new Catalogue();
  const count = await fields.int();
  for (let entry = 0; entry < count; entry++) {
    const { description, definition, ...part } = await readEntry(fields, version, format);
    if (description === 'TABLE' || description === 'TABLE ATTACH') addDefinition(catalogue, part, definition);
    if (description === 'ENCODING') fields.encoding = given ?? readEncoding(definition);
    if (description === 'TABLE DATA') parts.push(part);
  }
  const { encoding } = fields;
  const notes = requireEncoding(encoding) === 'utf-8' ? [] : [describeEncoding(encoding)];
  const recoder = () => makeRecoder(encoding, reader.path, given !== undefined);
  return { format, compression, contents: { catalogue, parts, recoder, notes }, fields };
}

/**
 * Adds a table's definition. Since PostgreSQL 14, an entry of its own attaches a partition; in 12 and 13 the table's
 * entry does; before 12 it is created attached.
 */
function addDefinition(catalogue: Catalogue, { schema, name }: QualifiedName, sql: string): void {
  const qualify = (table: QualifiedName) => ({ ...table, schema: table.schema || schema });
  const definition = readDefinition(sql);
  if (definition)
    catalogue.define({ schema, name, types: definition.types, parents: definition.parents.map(qualify) });
  for (const [text] of sql.matchAll(/^ALTER TABLE .* (?:ATTACH PARTITION|INHERIT) .*$/gm)) {
    const attached = readAttachment(text);
    if (attached) catalogue.attach(qualify(attached.part), qualify(attached.parent));
  }
}

async function readHeader(
  reader: ByteReader,
): Promise<{ version: number; format: Format; fields: ArchiveFields }> {
  const magic = reader.size < 11 ? '' : (await reader.bytes(5)).toString('latin1');
  if (magic !== 'PGDMP') throw new ZenError('failed', `${reader.path} is not an archive of PostgreSQL.`);
  const [major = 0, minor = 0, , intSize = 0, offsetSize = 0, number = 0] = await reader.bytes(6);
  const version = major * 256 + minor;
  const format = (formats as Record<number, Format>)[number];
  if (version < v(12) || version > v(16) || !format) {
    throw new ZenError(
      'failed',
      `${reader.path} is an archive of version ${major}.${minor}, format ${number}: Zen reads versions 1.12 to 1.16. Make it with a PostgreSQL of 9.0 to 18.`,
    );
  }
  if (intSize < 1 || intSize > 8 || offsetSize < 1 || offsetSize > 8) {
    damaged(reader, `it gives its integers ${intSize} and its offsets ${offsetSize} bytes`);
  }
  return { version, format, fields: new ArchiveFields(reader, intSize, offsetSize) };
}

/** Reads the compression. Before 1.15 it is a zlib level (0: none, -1: default), since then the number of an algorithm. */
async function readCompression(
  reader: ByteReader,
  version: number,
  fields: ArchiveFields,
): Promise<Compression> {
  if (version < v(15)) return (await fields.int()) === 0 ? 'none' : 'gzip';
  const number = await reader.byte();
  return compressions[number] ?? damaged(reader, `its compression is unknown, ${number}`);
}

/** Reads `SET client_encoding = 'UTF8';`, the first entry of the contents, which names the encoding of the text. */
function readEncoding(statement: string): string {
  return /'([^']*)'/.exec(statement)?.[1] ?? '';
}

interface RawEntry extends TablePart {
  description: string;
  definition: string;
}

async function readEntry(fields: ArchiveFields, version: number, format: Format): Promise<RawEntry> {
  const id = await fields.int();
  await fields.int(); // whether it has data
  await fields.string(); // oid of its catalogue
  await fields.string(); // its own oid
  const name = (await fields.string()) ?? '';
  const description = (await fields.string()) ?? '';
  await fields.int(); // section
  const definition = (await fields.string()) ?? '';
  await fields.string(); // drop statement
  const copy = (await fields.string()) ?? '';
  const schema = (await fields.string()) ?? '';
  await fields.string(); // tablespace
  if (version >= v(14)) await fields.string(); // table access method
  if (version >= v(16)) await fields.int(); // kind of relation
  await fields.string(); // owner
  await fields.string(); // with oids
  while ((await fields.string()) !== null); // dependencies
  const offset = format === 'custom' ? await fields.offset() : null;
  const file = format === 'custom' ? null : await fields.string();
  // The COPY statement, not the entry's name, tells whether a partition's rows load into the parent table.
  const target = readCopy(copy) ?? { schema, name, columns: [] };
  return {
    ...target,
    schema: target.schema || schema,
    types: new Map(),
    id,
    description,
    definition,
    offset,
    file,
  };
}

/**
 * Finds the tables to take from an archive. COPY must have written them, with columns that the archive defines.
 *
 * @param names see `TableSelection`
 * @throws ZenError `failed` otherwise, or when there is none, or several
 */
export function chooseEntry(
  { catalogue, parts: all, recoder }: Contents,
  names: string[],
  path: string,
): Entry {
  const selection = new TableSelection(names, catalogue, path);
  selection.check(all);
  const parts = all.filter((part) => selection.owner(part));
  const [owner] = selection.requireOwners(parts);
  const own = parts.find((part) => owner && fullName(part) === fullName(owner));
  const first = own ?? parts[0];
  if (!owner || !first) throw new Error('A checked selection has a part.');
  const types = catalogue.types(owner);
  const columns = own ? own.columns : inherited(first.columns, types);
  if (parts.some((part) => part.columns.length === 0)) {
    throw new ZenError(
      'failed',
      `${path} was made with --inserts. Make a script of it: pg_restore -f - FILE | zen restore -.`,
    );
  }
  const unknown = columns.find((column) => types.size > 0 && !types.has(column));
  if (unknown !== undefined) {
    throw new ZenError(
      'failed',
      `${path} is damaged: it has data of a column ${unknown} that its table does not have. Copy it again.`,
    );
  }
  return { ...owner, columns, types, parts, recoder };
}

/**
 * Yields the rows of all parts of a table, one part after the other, with columns in the table's order.
 *
 * @param read returns the data of a part
 */
export async function* readPartRows(
  { columns, parts, recoder }: Entry,
  path: string,
  read: (part: TablePart) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  for (const part of parts) {
    const arrange = reorder(part.columns, columns, path);
    if (!arrange) {
      throw new ZenError(
        'failed',
        `${path} is damaged: its data of ${fullName(part)} has different columns from the rest. Copy it again.`,
      );
    }
    const data = recodeChunks(read(part), recoder());
    for await (const rows of cutRows(data, path)) yield arrange(rows);
  }
}

export function damaged(reader: ByteReader, how: string, cause?: unknown): never {
  throw new ZenError('failed', `${reader.path} is damaged: ${how}. Copy it again.`, { cause });
}

/** Reads the fields of an archive; its header states the sizes of integers and offsets. */
export class ArchiveFields {
  readonly #reader: ByteReader;
  readonly #intSize: number;
  readonly #offsetSize: number;
  /** The encoding of texts, from here on. */
  encoding = 'UTF8';

  constructor(reader: ByteReader, intSize: number, offsetSize: number) {
    this.#reader = reader;
    this.#intSize = intSize;
    this.#offsetSize = offsetSize;
  }

  /** Reads a sign byte, then the digits, lowest first (ReadInt). */
  async int(): Promise<number> {
    const [sign, ...digits] = await this.#reader.bytes(1 + this.#intSize);
    return (sign ? -1 : 1) * unsigned(digits);
  }

  /**
   * Reads a length, then that many bytes; a negative length means null (ReadStr).
   *
   * @throws ZenError `failed` for a length that only damage can cause
   */
  async string(): Promise<string | null> {
    const length = await this.int();
    if (length > longestField) damaged(this.#reader, `a text of ${length} bytes`);
    if (length < 0) return null;
    const bytes = await this.#reader.bytes(length);
    return (makeRecoder(this.encoding, this.#reader.path, true)?.(bytes) ?? bytes).toString('utf8');
  }

  /** Reads whether the offset is known (2), then its digits, lowest first (ReadOffset). */
  async offset(): Promise<number | null> {
    const [known, ...digits] = await this.#reader.bytes(1 + this.#offsetSize);
    return known === 2 ? unsigned(digits) : null;
  }
}

function unsigned(digits: number[]): number {
  return digits.reduceRight((sum, digit) => sum * 256 + digit, 0);
}
