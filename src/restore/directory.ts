import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ZenError } from '../errors.ts';
import type { Backup } from './backup.ts';
import { inflate } from './inflate.ts';
import { Reader } from './reader.ts';
import { readRows } from './rows.ts';
import type { Compression, Entry } from './toc.ts';
import { chooseEntry, readToc } from './toc.ts';

/** The endings of the data's files, by how they are compressed. */
const endings: [ending: string, compression: Compression][] = [
  ['', 'none'],
  ['.gz', 'gzip'],
  ['.lz4', 'lz4'],
  ['.zst', 'zstd'],
];

/**
 * An archive in a folder (`pg_dump -Fd`): `toc.dat` is the table of contents, and each table's data is a file that the
 * contents name, compressed or not (PostgreSQL's src/bin/pg_dump/pg_backup_directory.c).
 */
export class Directory implements Backup {
  readonly path: string;
  readonly #tables: Entry[];
  #data: Reader | undefined;

  private constructor(path: string, tables: Entry[]) {
    this.path = path;
    this.#tables = tables;
  }

  static async open(path: string): Promise<Directory> {
    if (!(await readdir(path)).includes('toc.dat')) {
      throw new ZenError(
        'failed',
        `${path} is a folder without toc.dat: it is not a backup. Make one with pg_dump -Fd.`,
      );
    }
    const reader = await Reader.open(join(path, 'toc.dat'));
    try {
      return new Directory(path, (await readToc(reader)).tables);
    } finally {
      await reader.close();
    }
  }

  get size(): number {
    return this.#data?.size ?? 0;
  }

  get position(): number {
    return this.#data?.position ?? 0;
  }

  find(name: string): Promise<Entry> {
    return Promise.resolve(chooseEntry(this.#tables, name, this.path));
  }

  async *rows(table: Entry): AsyncGenerator<Buffer> {
    const files = await readdir(this.path);
    const found = endings.find(([ending]) => files.includes(`${table.file ?? ''}${ending}`));
    if (!found)
      throw new ZenError(
        'failed',
        `${this.path} lacks ${table.file ?? 'a file'}, the data of ${table.name}. Copy it again.`,
      );
    const [ending, compression] = found;
    this.#data = await Reader.open(join(this.path, `${table.file ?? ''}${ending}`));
    yield* readRows(inflate(this.#data.rest(), compression, this.path), this.path);
  }

  async close(): Promise<void> {
    await this.#data?.close();
  }
}
