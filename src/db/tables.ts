import { ZenError } from '../errors.ts';
import type { Session } from './database.ts';

/** Whether a table of that name is there, on the search path. */
export async function hasTable(session: Session, name: string): Promise<boolean> {
  const rows = await session.query<{ found: boolean }>('select to_regclass($1) is not null as found', [name]);
  return rows[0]?.found === true;
}

/** @throws ZenError `failed`, with the command that makes the table */
export async function requireTable(session: Session, name: string, remedy: string): Promise<void> {
  if (!(await hasTable(session, name))) {
    throw new ZenError('failed', `There is no table ${name} in this database. Run ${remedy} first.`);
  }
}
