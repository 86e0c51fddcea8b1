import type { Target } from '../config.ts';
import type { Database, OpenOptions } from './database.ts';
import { isSuperuser, refuseForeignCode, zenTableIds } from './tables.ts';

/**
 * Opens the database that the configuration names. Its driver is loaded here and not before: most of a command's start is
 * loading code.
 */
export async function openDatabase(target: Target, options: OpenOptions = {}): Promise<Database> {
  if (target.kind === 'embedded') return (await import('./embedded.ts')).openEmbedded(target.folder, options);
  const db = await (await import('./server.ts')).openServer(target.url, options);
  try {
    if (await isSuperuser(db)) await refuseForeignCode(db, zenTableIds());
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
