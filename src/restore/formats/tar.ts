import { ZenError } from '../../errors.ts';
import { decompress } from '../compression/decompress.ts';
import type { Backup, BackupOptions } from './backup.ts';
import { findData } from './directory.ts';
import type { DataFile } from './directory.ts';
import type { ByteReader } from './reader.ts';
import { chooseEntry, damaged, readPartRows, readToc } from './toc.ts';
import type { Contents, Entry, TablePart } from './toc.ts';

/** A file in a tar archive. */
export interface Member {
  offset: number;
  size: number;
}

const blockBytes = 512;

/** Tells whether a file that starts like this may be a tar archive (POSIX ustar: the magic is at 257). */
export function isTar(start: Buffer): boolean {
  return start.toString('latin1', 257, 262) === 'ustar';
}

/**
 * An archive in the tar format (`pg_dump -Ft`): `toc.dat` is the table of contents, and each table's data is a member that
 * the contents name (PostgreSQL's src/bin/pg_dump/pg_backup_tar.c); or the folder of `pg_dump -Fd`, put into a tar archive.
 */
export class Tar implements Backup {
  readonly format = 'tar archive of pg_dump';
  readonly #reader: ByteReader;
  /** By their names in the folder of the contents. */
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

  /**
   * @param members all files in the archive
   * @throws ZenError `failed` when none is a table of contents
   */
  static async open(reader: ByteReader, members: Map<string, Member>, options: BackupOptions): Promise<Tar> {
    const name = [...members.keys()].find((each) => /(^|\/)toc\.dat$/.test(each));
    const toc = members.get(name ?? '');
    if (name === undefined || !toc)
      throw new ZenError(
        'failed',
        `${reader.path} is a tar archive without toc.dat: no backup of pg_dump -Ft or -Fd. Unpack it, and name the file that has the log.`,
      );
    const folder = name.slice(0, -'toc.dat'.length);
    const inside = [...members].filter(([each]) => each.startsWith(folder));
    const { contents } = await readToc(reader.section(toc.offset, toc.size), options);
    return new Tar(
      reader,
      new Map(inside.map(([each, member]) => [each.slice(folder.length), member])),
      contents,
    );
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

  get notes(): string[] {
    return this.#contents.notes;
  }

  find(...names: string[]): Promise<Entry> {
    return Promise.resolve(chooseEntry(this.#contents, names, this.path));
  }

  async *rows(table: Entry): AsyncGenerator<Buffer> {
    this.#size = table.parts.reduce((sum, part) => sum + this.#find(part).size, 0);
    yield* readPartRows(table, this.path, (part) => this.#read(part));
  }

  #read(part: TablePart): AsyncGenerator<Buffer> {
    const { offset, size, compression } = this.#find(part);
    this.#done += this.#taken?.size ?? 0;
    this.#taken = this.#reader.section(offset, size);
    return decompress(this.#taken.rest(), compression, this.path);
  }

  #find(part: TablePart): Member & DataFile {
    const found = findData(part, this.#members, this.path);
    const member = this.#members.get(found.file) ?? damaged(this.#reader, `it lacks ${found.file}`);
    return { ...member, ...found };
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

/**
 * Reads where the files in a tar archive are.
 *
 * @throws ZenError `failed` when it is damaged
 */
export async function readMembers(reader: ByteReader): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  while (reader.position + blockBytes <= reader.size) {
    const header = await reader.bytes(blockBytes);
    if (header.every((byte) => byte === 0)) break;
    if (!hasChecksum(header)) damaged(reader, `a wrong checksum at byte ${reader.position - blockBytes}`);
    const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    const size = readSize(header.subarray(124, 136));
    const isFile = /[0\0]/.test(String.fromCharCode(header[156] ?? 0)); // not a folder, a link, or more about the next one
    if (isFile) members.set(name.replace(/^\.\//, ''), { offset: reader.position, size });
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
