import type { Target } from '../config.ts';
import type { Database, OpenOptions } from './database.ts';
import { refuseForeignCode, tableIds } from './tables.ts';

/**
 * Opens the database that the configuration names. Its driver is loaded here and not before: most of a command's start is
 * loading code.
 */
export async function openDatabase(target: Target, options: OpenOptions = {}): Promise<Database> {
  if (target.kind === 'embedded') return (await import('./embedded.ts')).openEmbedded(target.folder, options);
  const db = await (await import('./server.ts')).openServer(target.url, options);
  try {
    await refuseForeignCode(
      db,
      `${tableIds()}, to_regclass('log_raw'), to_regclass('dash_users'), to_regclass('zen_runs')`,
    );
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
