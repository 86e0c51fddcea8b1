import type { BackupTable } from './backup.ts';
import { decompress } from '../compression/decompress.ts';
import { FileBackup } from './file.ts';
import type { ByteReader } from './reader.ts';
import { chooseEntry, damaged, longestField, readPartRows } from './toc.ts';
import type { Entry, TablePart, Toc } from './toc.ts';

const readBytes = 1 << 16;

const block = { data: 1, blobs: 3 };

/**
 * An archive in one file (`pg_dump -Fc`): the table of contents, then a block of chunks for each table. Defined by
 * PostgreSQL's src/bin/pg_dump/pg_backup_custom.c: _PrintTocData, _readBlockHeader, _skipData.
 */
export class Custom extends FileBackup {
  readonly format = 'custom format of pg_dump';
  readonly #reader: ByteReader;
  readonly #toc: Toc;
  readonly #firstBlock: number;

  constructor(reader: ByteReader, toc: Toc) {
    super(reader);
    this.#reader = reader;
    this.#toc = toc;
    this.#firstBlock = reader.position;
    this.notes.push(...toc.contents.notes);
  }

  find(...names: string[]): Promise<Entry> {
    return Promise.resolve(chooseEntry(this.#toc.contents, names, this.path));
  }

  rows(table: BackupTable): AsyncGenerator<Buffer> {
    return readPartRows(table as Entry, this.path, (part) => this.#read(part));
  }

  async *#read(part: TablePart): AsyncGenerator<Buffer> {
    await this.#seekBlock(part);
    yield* decompress(this.#chunks(), this.#toc.compression, this.path);
  }

  /**
   * Finds a data block, which starts with its kind and the id of its entry. When the archive does not state its offset,
   * searches for it.
   */
  async #seekBlock(part: TablePart): Promise<void> {
    this.#reader.seek(part.offset ?? this.#firstBlock);
    for (;;) {
      const kind = await this.#reader.byte();
      const id = await this.#toc.fields.int();
      if (kind === block.data && id === part.id) return;
      if (part.offset !== null || (kind !== block.data && kind !== block.blobs)) {
        damaged(this.#reader, `the data of ${part.name} is not where its contents say`);
      }
      await (kind === block.data ? this.#skipChunks() : this.#skipBlobs());
    }
  }

  async #skipChunks(): Promise<void> {
    for (let length = await this.#chunkLength(); length !== 0; length = await this.#chunkLength()) {
      this.#reader.seek(this.#reader.position + length);
    }
  }

  async #skipBlobs(): Promise<void> {
    while ((await this.#toc.fields.int()) !== 0) await this.#skipChunks();
  }

  /** Yields the chunks of about 4 kB, several at a time, because each piece costs a round trip through zlib's threads. */
  async *#chunks(): AsyncGenerator<Buffer> {
    let chunks: Buffer[] = [];
    let bytes = 0;
    for (let length = await this.#chunkLength(); length !== 0; length = await this.#chunkLength()) {
      if (length > longestField) this.#refuseChunk(length);
      chunks.push(await this.#reader.bytes(length));
      bytes += length;
      if (bytes < readBytes) continue;
      yield Buffer.concat(chunks);
      chunks = [];
      bytes = 0;
    }
    yield Buffer.concat(chunks);
  }

  async #chunkLength(): Promise<number> {
    const length = await this.#toc.fields.int();
    return length < 0 ? this.#refuseChunk(length) : length;
  }

  #refuseChunk(length: number): never {
    damaged(this.#reader, `a chunk of ${length} bytes`);
  }
}
