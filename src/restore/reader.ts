import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { messageOf, ZenError } from '../errors.ts';

const bufferBytes = 1 << 16;

/** Reads a file forwards through a buffer. `position` counts the bytes taken, from the start of the file. */
export class Reader {
  readonly path: string;
  readonly size: number;
  position = 0;
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(bufferBytes);
  #start = 0;
  #filled = 0;

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.size = size;
  }

  /** @throws ZenError `failed` when there is no such file, it may not be read, or it is a folder */
  static async open(path: string): Promise<Reader> {
    const file = await open(path).catch((error: unknown) => {
      throw new ZenError('failed', `Cannot read the dump ${path}: ${messageOf(error)}.`, { cause: error });
    });
    const stats = await file.stat();
    if (!stats.isFile()) {
      await file.close();
      throw new ZenError('failed', `${path} is not a file. Zen reads custom-format archives: pg_dump -Fc.`);
    }
    return new Reader(path, file, stats.size);
  }

  /**
   * Takes exactly `count` bytes.
   *
   * @throws ZenError `failed` when the file ends before
   */
  async bytes(count: number): Promise<Buffer> {
    this.#demand(count);
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

  seek(position: number): void {
    this.position = position;
    this.#demand(0);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #fill(): Promise<void> {
    this.#demand(1);
    this.#start = this.position;
    this.#filled = (await this.#file.read(this.#buffer, 0, bufferBytes, this.position)).bytesRead;
    if (this.#filled === 0) this.#truncated();
  }

  #demand(count: number): void {
    if (this.position + count > this.size) this.#truncated();
  }

  #truncated(): never {
    throw new ZenError(
      'failed',
      `${this.path} ends too early, at byte ${this.size}: the file is damaged or incomplete. Copy it again.`,
    );
  }
}
