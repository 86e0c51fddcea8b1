import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { shorten, ZenError } from '../../errors.ts';
import { toUtf8 } from '../copy/text.ts';
import { decompress } from '../compression/decompress.ts';
import type { Backup, BackupOptions, BackupTable } from './backup.ts';
import { ByteReader, unreadable } from './reader.ts';
import { chooseEntry, readPartRows, readToc } from './toc.ts';
import type { Compression, Contents, Entry, TablePart } from './toc.ts';

/** The extensions of data files, by compression. */
const endings: [ending: string, compression: Compression][] = [
  ['', 'none'],
  ['.gz', 'gzip'],
  ['.lz4', 'lz4'],
  ['.zst', 'zstd'],
];

/** Lists the names of files for an error, but not hundreds of them. */
function describeFiles(names: readonly string[]): string {
  const few = names.slice(0, 5).map((name) => shorten(toUtf8(name), 60));
  return [...few, ...(names.length > few.length ? ['…'] : [])].join(', ') || 'no files';
}

/** A file of an archive. */
export interface Member {
  size: number;
  open: () => Promise<ByteReader>;
}

/**
 * An archive of several files: `toc.dat` is the table of contents and names a data file for each table, compressed or
 * not. The files are in a folder (`pg_dump -Fd`), in a tar archive of one, or in a `pg_dump -Ft` archive (PostgreSQL's
 * src/bin/pg_dump: pg_backup_directory.c, pg_backup_tar.c).
 */
export class Folder implements Backup {
  readonly path: string;
  readonly format: string;
  readonly notes: string[];
  /** Bytes of the files to take, and bytes taken so far. */
  size = 0;
  #done = 0;
  #taken: ByteReader | undefined;
  readonly #files: ReadonlyMap<string, Member>;
  readonly #contents: Contents;
  readonly #close: () => Promise<void>;

  private constructor(
    path: string,
    format: string,
    files: ReadonlyMap<string, Member>,
    contents: Contents,
    close: () => Promise<void>,
  ) {
    this.path = path;
    this.format = format;
    this.#files = files;
    this.#contents = contents;
    this.notes = contents.notes;
    this.#close = close;
  }

  /** @throws ZenError `failed` when there is no table of contents */
  static async open(path: string, options: BackupOptions): Promise<Folder> {
    const files = new Map<string, Member>();
    for (const name of await readdir(path).catch(unreadable(path))) {
      const file = join(path, name);
      const found = await stat(file).catch(() => undefined); // errors are told on opening
      files.set(name, { size: found?.size ?? 0, open: () => ByteReader.open(file) });
    }
    if (!files.has('toc.dat'))
      throw new ZenError(
        'failed',
        `${path} is a folder without toc.dat: it is not a backup. Make one with pg_dump -Fd.`,
      );
    return Folder.#load(path, 'directory format of pg_dump', files, options);
  }

  /**
   * @param members all files in a tar archive, which this closes
   * @throws ZenError `failed` when none is a table of contents
   */
  static async openTar(
    reader: ByteReader,
    members: ReadonlyMap<string, Member>,
    options: BackupOptions,
  ): Promise<Folder> {
    const toc = [...members.keys()].find((each) => /(^|\/)toc\.dat$/.test(each));
    if (toc === undefined)
      throw new ZenError(
        'failed',
        `${reader.path} is a tar archive of ${describeFiles([...members.keys()])}. Take the one that has the log: tar -xOf FILE NAME | zen restore -.`,
      );
    const folder = toc.slice(0, -'toc.dat'.length);
    const inside = [...members].filter(([each]) => each.startsWith(folder));
    const files = new Map(inside.map(([each, member]) => [each.slice(folder.length), member]));
    return Folder.#load(reader.path, 'tar archive of pg_dump', files, options, () => reader.close());
  }

  static async #load(
    path: string,
    format: string,
    files: ReadonlyMap<string, Member>,
    options: BackupOptions,
    close = (): Promise<void> => Promise.resolve(),
  ): Promise<Folder> {
    const toc = await files.get('toc.dat')?.open();
    if (!toc) throw new Error('There is a table of contents.');
    try {
      return new Folder(path, format, files, (await readToc(toc, options)).contents, close);
    } finally {
      await toc.close();
    }
  }

  get position(): number {
    return this.#done + (this.#taken?.position ?? 0);
  }

  find(...names: string[]): Promise<Entry> {
    return Promise.resolve(chooseEntry(this.#contents, names, this.path));
  }

  async *rows(table: BackupTable): AsyncGenerator<Buffer> {
    const entry = table as Entry;
    this.size = entry.parts.reduce((sum, part) => sum + this.#find(part).size, 0);
    yield* readPartRows(entry, this.path, (part) => this.#read(part));
  }

  async *#read(part: TablePart): AsyncGenerator<Buffer> {
    const { open, compression } = this.#find(part);
    this.#done += this.#taken?.size ?? 0;
    await this.#taken?.close();
    this.#taken = undefined;
    this.#taken = await open();
    yield* decompress(this.#taken.rest(), compression, this.path);
  }

  /** Opens the file of a table's data, which may be compressed. */
  #find({ name, file }: TablePart): Member & { compression: Compression } {
    for (const [ending, compression] of endings) {
      const found = this.#files.get(`${file ?? ''}${ending}`);
      if (found) return { ...found, compression };
    }
    throw new ZenError(
      'failed',
      `${this.path} lacks ${file ?? 'a file'}, the data of ${name}. Copy it again.`,
    );
  }

  async close(): Promise<void> {
    await this.#taken?.close();
    await this.#close();
  }
}
