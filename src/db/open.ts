import type { Target } from '../config.ts';
import type { Database, OpenOptions } from './database.ts';

/**
 * Opens the database that the configuration names. Its driver is loaded here and not before: most of a command's start is
 * loading code.
 */
export async function openDatabase(target: Target, options: OpenOptions = {}): Promise<Database> {
  if (target.kind === 'embedded') return (await import('./embedded.ts')).openEmbedded(target.folder, options);
  return (await import('./server.ts')).openServer(target.url, options);
}
