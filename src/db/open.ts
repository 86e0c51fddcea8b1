import type { Target } from '../config.ts';
import type { Database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { openServer } from './server.ts';

/** Opens the database that the configuration names. `create` makes a missing one; a folder is always made. */
export function openDatabase(target: Target, options: { create?: boolean } = {}): Promise<Database> {
  return target.kind === 'server' ? openServer(target.url, options) : openEmbedded(target.folder);
}
