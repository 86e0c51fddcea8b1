import { messageOf, ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import type { Session } from './database.ts';

/** Whether a table of that name is there, on the search path. */
export async function hasTable(session: Session, name: string): Promise<boolean> {
  const rows = await session.query<{ found: boolean }>(`select to_regclass('${name}') is not null as found`);
  return rows[0]?.found === true;
}

/** @throws ZenError `failed`, with the command that makes the table */
export async function requireTable(session: Session, name: string, remedy: string): Promise<void> {
  if (!(await hasTable(session, name))) {
    throw new ZenError('failed', `There is no table ${name} in this database. Run ${remedy} first.`);
  }
}

/** Whether a database refused a text because its column is too short (SQLSTATE 22001). */
export function isTooLong(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  return cause?.code === '22001';
}

/**
 * Gives the names in a table room for 65,536 characters, which rewrites nothing (PostgreSQL's documentation of ALTER TABLE,
 * "Notes"). Longer ones are no names.
 *
 * @throws ZenError `failed`, with what the owner must run, when this role may not
 */
export async function widen(session: Session, table: string): Promise<void> {
  const columns = await session.query<{ name: string }>(sql('db/narrow').replaceAll('$1', `'${table}'`));
  const changes = columns.map(({ name }) => `alter column ${name} type varchar(65536)`);
  if (changes.length === 0) return;
  const statement = `alter table ${table} ${changes.join(', ')}`;
  await session.run(statement).catch((error: unknown) => {
    const why = `The log has names that are too long for ${table}, which cannot be widened`;
    const remedy = `Have its owner run: ${statement}`;
    throw new ZenError('failed', `${why} (${messageOf(error)}) ${remedy}.`, { cause: error });
  });
}
