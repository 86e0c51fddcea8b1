import type { Source } from '../../src/restore/formats/file.ts';

/** A file of that name, of which nothing has been read. */
export function source(path: string): Source {
  return { path, size: 0, position: 0, close: () => Promise.resolve() };
}
