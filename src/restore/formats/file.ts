import type { Backup, BackupOptions, BackupTable } from './backup.ts';

/** Facts about a text. */
export interface TextOptions extends BackupOptions {
  /** True when it has already been converted to UTF-8, whatever it declares. */
  isDecoded?: boolean;
}

/** The file that a backup is read from; `position` of its `size` bytes have been taken. */
export type Source = Pick<Backup, 'path' | 'size' | 'position' | 'close'>;

/** A backup in one file. */
export abstract class FileBackup implements Backup {
  readonly notes: string[] = [];
  abstract readonly format: string;
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  get path(): string {
    return this.#source.path;
  }

  get size(): number {
    return this.#source.size;
  }

  get position(): number {
    return this.#source.position;
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  abstract find(...names: string[]): Promise<BackupTable>;
  abstract rows(table: BackupTable): AsyncIterable<Buffer>;
}
