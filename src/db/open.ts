import type { Target } from '../config.ts';
import type { Database } from './database.ts';

/**
 * Opens the database that the configuration names. `create` makes a missing one; a folder is always made. Its driver is
 * loaded here and not before: most of a command's start is loading code.
 */
export async function openDatabase(target: Target, options: { create?: boolean } = {}): Promise<Database> {
  if (target.kind === 'embedded') return (await import('./embedded.ts')).openEmbedded(target.folder);
  return (await import('./server.ts')).openServer(target.url, options);
}
