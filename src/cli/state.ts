import type { Database } from '../db/database.ts';
import { inspectTables } from '../ledger/state.ts';
import type { TableUse } from '../ledger/state.ts';
import type { Terminal } from './terminal.ts';

/** Reports what is unusual about the tables of a database, and refuses what would make a number wrong. */
export async function tellState(db: Database, terminal: Terminal, use: TableUse): Promise<void> {
  for (const note of await inspectTables(db, use)) terminal.note(note);
}
