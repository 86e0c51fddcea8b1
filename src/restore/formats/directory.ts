import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ZenError } from '../../errors.ts';
import type { Backup, BackupOptions } from './backup.ts';
import { decompress } from '../compression/decompress.ts';
import { ByteReader, unreadable } from './reader.ts';
import type { Compression, Contents, Entry, TablePart } from './toc.ts';
import { chooseEntry, readPartRows, readToc } from './toc.ts';

/** The endings of the data's files, by how they are compressed. */
const endings: [ending: string, compression: Compression][] = [
  ['', 'none'],
  ['.gz', 'gzip'],
  ['.lz4', 'lz4'],
  ['.zst', 'zstd'],
];

export interface DataFile {
  file: string;
  compression: Compression;
}

/**
 * Finds the file of a table's data, which may be compressed.
 *
 * @param files those that there are
 * @throws ZenError `failed` when it is missing
 */
export function findData(
  { name, file }: TablePart,
  files: { has: (file: string) => boolean },
  path: string,
): DataFile {
  const found = endings.find(([ending]) => files.has(`${file ?? ''}${ending}`));
  if (!found)
    throw new ZenError('failed', `${path} lacks ${file ?? 'a file'}, the data of ${name}. Copy it again.`);
  return { file: `${file ?? ''}${found[0]}`, compression: found[1] };
}

/**
 * An archive in a folder (`pg_dump -Fd`): `toc.dat` is the table of contents, and each table's data is a file that the
 * contents name, compressed or not (PostgreSQL's src/bin/pg_dump/pg_backup_directory.c).
 */
export class Directory implements Backup {
  readonly format = 'directory format of pg_dump';
  readonly path: string;
  readonly #contents: Contents;
  #data: ByteReader | undefined;
  /** Bytes of the files that are taken, and of those that have been. */
  #size = 0;
  #done = 0;

  private constructor(path: string, contents: Contents) {
    this.path = path;
    this.#contents = contents;
  }

  static async open(path: string, options: BackupOptions = {}): Promise<Directory> {
    if (!(await readdir(path).catch(unreadable(path))).includes('toc.dat')) {
      throw new ZenError(
        'failed',
        `${path} is a folder without toc.dat: it is not a backup. Make one with pg_dump -Fd.`,
      );
    }
    const reader = await ByteReader.open(join(path, 'toc.dat'));
    try {
      return new Directory(path, (await readToc(reader, options)).contents);
    } finally {
      await reader.close();
    }
  }

  get size(): number {
    return this.#size;
  }

  get position(): number {
    return this.#done + (this.#data?.position ?? 0);
  }

  get notes(): string[] {
    return this.#contents.notes;
  }

  find(...names: string[]): Promise<Entry> {
    return Promise.resolve(chooseEntry(this.#contents, names, this.path));
  }

  async *rows(table: Entry): AsyncGenerator<Buffer> {
    const files = new Set(await readdir(this.path).catch(unreadable(this.path)));
    for (const part of table.parts) {
      const { file } = this.#find(part, files);
      this.#size += (await stat(file).catch(unreadable(file))).size;
    }
    yield* readPartRows(table, this.path, (part) => this.#read(part, files));
  }

  async *#read(part: TablePart, files: ReadonlySet<string>): AsyncGenerator<Buffer> {
    const { file, compression } = this.#find(part, files);
    this.#done += this.#data?.size ?? 0;
    await this.#data?.close();
    this.#data = undefined;
    this.#data = await ByteReader.open(file);
    yield* decompress(this.#data.rest(), compression, this.path);
  }

  #find(part: TablePart, files: ReadonlySet<string>): DataFile {
    const { file, compression } = findData(part, files, this.path);
    return { file: join(this.path, file), compression };
  }

  async close(): Promise<void> {
    await this.#data?.close();
  }
}
