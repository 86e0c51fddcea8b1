import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { quoteArgument } from '../ids.ts';
import { reasonOf, ZenError } from '../../errors.ts';

/** Programs that write what is at an address to stdout. */
const fetches: [address: RegExp, (url: string) => string][] = [
  [/^https?:\/\//i, (url) => `curl -fsSL ${url}`],
  [/^s3:\/\//i, (url) => `aws s3 cp ${url} -`],
  [/^gs:\/\//i, (url) => `gcloud storage cat ${url}`],
];

const bufferBytes = 1 << 16;

/** Turns a file system error into a message that the backup cannot be read. */
export function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    const fetch = fetches.find(([address]) => address.test(path))?.[1];
    if (fetch !== undefined)
      throw new ZenError(
        'failed',
        `Zen opens no addresses. Pipe it: ${fetch(quoteArgument(path))} | zen restore -`,
      );
    throw new ZenError('failed', `Cannot read the dump ${path}: ${reasonOf(error)}.`, { cause: error });
  };
}

/** A file, and the position of its first byte among all. */
interface Part {
  file: FileHandle;
  start: number;
  size: number;
}

/** Reads a file, the parts of a split one, or a range of these, forwards through a buffer. */
export class ByteReader {
  readonly path: string;
  /** The number of bytes in all. */
  readonly size: number;
  /** The number of bytes taken. */
  position = 0;
  readonly #parts: readonly Part[];
  readonly #offset: number;
  readonly #isSection: boolean;
  readonly #buffer = Buffer.alloc(bufferBytes);
  #start = 0;
  #filled = 0;

  private constructor(path: string, parts: readonly Part[], offset: number, size: number, isSection = false) {
    this.path = path;
    this.#isSection = isSection;
    this.#parts = parts;
    this.#offset = offset;
    this.size = size;
  }

  /**
   * @param paths the file, or its parts, in order
   * @param paths the file, or its parts, in their order
   * @throws ZenError `failed` when the file is missing, not a regular one, or unreadable
   */
  static async open(...paths: string[]): Promise<ByteReader> {
    const files: FileHandle[] = [];
    try {
      for (const path of paths) files.push(await openRegular(path));
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
    const others = paths.length > 1 ? ` with ${paths.length - 1} more` : '';
    return ByteReader.over(`${paths[0]}${others}`, ...files);
  }

  /** @param path the name of the file in errors @param path what errors call the file */
  static async over(path: string, ...files: FileHandle[]): Promise<ByteReader> {
    const parts: Part[] = [];
    let start = 0;
    for (const file of files) {
      const { size } = await file.stat();
      parts.push({ file, start, size });
      start += size;
    }
    return new ByteReader(path, parts, 0, start);
  }

  /** Returns another reader for `size` bytes from `offset` on. It shares this one's file, and does not close it. */
  section(offset: number, size: number): ByteReader {
    if (offset + size > this.size) this.#truncated();
    return new ByteReader(this.path, this.#parts, this.#offset + offset, size, true);
  }

  /** Returns such a reader to replace this one, and to close its file. */
  narrow(offset: number, size: number): ByteReader {
    if (offset + size > this.size) this.#truncated();
    return new ByteReader(this.path, this.#parts, this.#offset + offset, size, this.#isSection);
  }

  /**
   * Takes exactly `count` bytes.
   *
   * @throws ZenError `failed` when the file ends first, or its disk fails
   */
  async bytes(count: number): Promise<Buffer> {
    this.#require(count);
    const bytes = Buffer.alloc(count);
    for (let done = 0; done < count;) {
      if (this.position < this.#start || this.position >= this.#start + this.#filled) await this.#fill();
      const from = this.position - this.#start;
      const copied = this.#buffer.copy(bytes, done, from, Math.min(this.#filled, from + count - done));
      done += copied;
      this.position += copied;
    }
    return bytes;
  }

  async byte(): Promise<number> {
    return (await this.bytes(1)).readUInt8();
  }

  /** Yields all remaining bytes, in pieces. */
  async *rest(): AsyncGenerator<Buffer> {
    while (this.position < this.size)
      yield await this.bytes(Math.min(bufferBytes, this.size - this.position));
  }

  seek(position: number): void {
    this.position = position;
    this.#require(0);
  }

  async close(): Promise<void> {
    if (!this.#isSection) for (const { file } of this.#parts) await file.close();
  }

  async #fill(): Promise<void> {
    this.#require(1);
    this.#start = this.position;
    const place = this.#offset + this.position;
    const part = this.#parts.find(({ start, size }) => place < start + size);
    if (!part) this.#truncated();
    const within = place - part.start;
    const length = Math.min(bufferBytes, this.size - this.position, part.size - within);
    const read = await part.file.read(this.#buffer, 0, length, within).catch(unreadable(this.path));
    this.#filled = read.bytesRead;
    if (this.#filled === 0) this.#truncated();
  }

  #require(count: number): void {
    if (this.position + count > this.size) this.#truncated();
  }

  #truncated(): never {
    throw new ZenError(
      'failed',
      `${this.path} ends too early, at byte ${this.#offset + this.size}: the file is damaged or incomplete. Copy it again.`,
    );
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a pipe would wait for a writer, and nothing could stop it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable(path));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new ZenError('failed', `${path} is not a regular file. Copy the backup again.`);
}
