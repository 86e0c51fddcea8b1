import type { Backup, BackupOptions, BackupTable } from './backup.ts';

/** Facts about a text. */
export interface TextOptions extends BackupOptions {
  /** True when it is in UTF-8 by now, whatever it says. */
  isDecoded?: boolean;
}

/** A backup that is one stream of text, however it is compressed. */
export abstract class TextFile implements Backup {
  readonly path: string;
  readonly size: number;
  readonly notes: string[] = [];
  abstract readonly format: string;
  readonly #position: () => number;
  readonly #close: () => Promise<void>;

  /**
   * @param size bytes to be read in all
   * @param position tells how many of `size` have been read
   */
  constructor(path: string, size: number, position: () => number, close: () => Promise<void>) {
    this.path = path;
    this.size = size;
    this.#position = position;
    this.#close = close;
  }

  get position(): number {
    return this.#position();
  }

  close(): Promise<void> {
    return this.#close();
  }

  abstract find(...names: string[]): Promise<BackupTable>;
  abstract rows(table: BackupTable): AsyncIterable<Buffer>;
}
