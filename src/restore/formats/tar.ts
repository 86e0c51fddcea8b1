import { ZenError } from '../../errors.ts';
import type { Backup } from './backup.ts';
import type { ByteReader } from './reader.ts';
import { cutRows } from '../copy/rows.ts';
import { chooseEntry, damaged, readPartRows, readToc } from './toc.ts';
import type { Contents, Entry, TablePart } from './toc.ts';

interface Member {
  offset: number;
  size: number;
}

const blockBytes = 512;

/** Tells whether a file that starts like this may be a tar archive (POSIX ustar: the magic is at 257). */
export function isTar(start: Buffer): boolean {
  return start.toString('latin1', 257, 262) === 'ustar';
}

/**
 * An archive in the tar format (`pg_dump -Ft`): `toc.dat` is the table of contents, and each table's data, never
 * compressed, is a member that the contents name (PostgreSQL's src/bin/pg_dump/pg_backup_tar.c).
 */
export class Tar implements Backup {
  readonly #reader: ByteReader;
  readonly #members: Map<string, Member>;
  readonly #contents: Contents;
  #taken: ByteReader | undefined;
  /** Bytes of the members that are taken, and of those that have been. */
  #size: number;
  #done = 0;

  private constructor(reader: ByteReader, members: Map<string, Member>, contents: Contents) {
    this.#reader = reader;
    this.#members = members;
    this.#contents = contents;
    this.#size = reader.size;
  }

  static async open(reader: ByteReader): Promise<Tar> {
    const members = await readMembers(reader);
    const toc = members.get('toc.dat');
    if (!toc)
      throw new ZenError(
        'failed',
        `${reader.path} holds no toc.dat: it is not a backup. Make one with pg_dump -Ft.`,
      );
    const { contents } = await readToc(reader.section(toc.offset, toc.size));
    return new Tar(reader, members, contents);
  }

  get path(): string {
    return this.#reader.path;
  }

  get size(): number {
    return this.#size;
  }

  get position(): number {
    return this.#done + (this.#taken?.position ?? 0);
  }

  find(...names: string[]): Promise<Entry> {
    return Promise.resolve(chooseEntry(this.#contents, names, this.path));
  }

  async *rows(table: Entry): AsyncGenerator<Buffer> {
    this.#size = table.parts.reduce((sum, part) => sum + this.#member(part).size, 0);
    yield* readPartRows(table, this.path, (part) => this.#read(part));
  }

  async *#read(part: TablePart): AsyncGenerator<Buffer> {
    const { offset, size } = this.#member(part);
    this.#done += this.#taken?.size ?? 0;
    this.#taken = this.#reader.section(offset, size);
    yield* cutRows(this.#taken.rest(), this.path);
  }

  #member({ name, file }: TablePart): Member {
    return this.#members.get(file ?? '') ?? damaged(this.#reader, `the data of ${name} is missing`);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

async function readMembers(reader: ByteReader): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  while (reader.position + blockBytes <= reader.size) {
    const header = await reader.bytes(blockBytes);
    if (header.every((byte) => byte === 0)) break;
    if (!hasChecksum(header)) damaged(reader, `a wrong checksum at byte ${reader.position - blockBytes}`);
    const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    const size = readSize(header.subarray(124, 136));
    members.set(name, { offset: reader.position, size });
    reader.seek(reader.position + Math.ceil(size / blockBytes) * blockBytes);
  }
  return members;
}

/** Octal digits, or, of members over 8 GB, a binary number behind a set bit. */
function readSize(field: Buffer): number {
  if ((field[0] ?? 0) & 0x80) return field.subarray(4).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.parseInt(field.toString('latin1').replace(/[\0 ]+$/, '') || '0', 8);
}

/** The sum of the header's bytes, those of the checksum itself taken as spaces. */
function hasChecksum(header: Buffer): boolean {
  const stored = readSize(header.subarray(148, 156));
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return sum === stored;
}
