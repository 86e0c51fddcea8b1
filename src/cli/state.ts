import type { Database } from '../db/database.ts';
import { inspect } from '../ledger/state.ts';
import type { Use } from '../ledger/state.ts';
import type { Terminal } from './terminal.ts';

/** Says what is odd about the tables of a database; refuses what would make a number wrong. */
export async function tellState(db: Database, terminal: Terminal, use: Use): Promise<void> {
  for (const note of await inspect(db, use)) terminal.note(note);
}
