import { messageOf, ZenError } from '../errors.ts';
import { readExtensions, sql, tableOf } from '../files.ts';
import type { Database, Session } from './database.ts';

/** Tells whether a table of that name is there, on the search path. */
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

/** Tells whether a database refused a text because its column is too short (SQLSTATE 22001). */
export function isTooLong(error: unknown): boolean {
  return causeCode(error) === '22001';
}

/**
 * Gives the names in a table room for 65,536 characters, which rewrites nothing (PostgreSQL's documentation of ALTER TABLE,
 * "Notes"). Longer ones are no names.
 *
 * @throws ZenError `failed`, with what the owner must run, when this role may not
 */
export async function widenNames(session: Session, table: string): Promise<void> {
  const columns = await session.query<{ name: string }>(sql('db/narrow', { table }));
  const changes = columns.map(({ name }) => `alter column ${name} type varchar(65536)`);
  if (changes.length === 0) return;
  const statement = `alter table ${table} ${changes.join(', ')}`;
  await session.run(statement).catch((error: unknown) => {
    const why = `The log has names that are too long for ${table}, which cannot be widened`;
    const remedy = `Have its owner run: ${statement}`;
    throw new ZenError('failed', `${why} (${messageOf(error)}) ${remedy}.`, { cause: error });
  });
}

/** A table whose `record_id` has few numbers left; see `sql/db/full.sql`. */
export interface NearlyFull {
  name: string;
  sequence: string;
  owned: boolean;
}

export function listNearlyFull(session: Session): Promise<NearlyFull[]> {
  return session.query<NearlyFull>(sql('db/full', { tables: tableIds() }));
}

/** The tables of all aggregates, each for `to_regclass`. */
export function tableIds(): string {
  return readExtensions('sql/aggregates')
    .map(({ name }) => `to_regclass('${tableOf(name)}')`)
    .join(', ');
}

/** Zen's tables, each for `to_regclass`. */
export function zenTableIds(): string {
  return `${tableIds()}, to_regclass('log_raw'), to_regclass('dash_users'), to_regclass('zen_runs')`;
}

/** Tells whether the session has all rights, or can take them. */
export async function isSuperuser(session: Session): Promise<boolean> {
  const rows = await session.query(
    'select from pg_roles where rolname in (current_user, session_user) and rolsuper',
  );
  return rows.length > 0;
}

/**
 * Refuses to let a superuser run what another role has put into a table or view: it would run with all rights.
 *
 * @param tables expressions that give their objects, in SQL
 * @throws ZenError `failed`, with whose code it is and as whom to run zen
 */
export async function refuseForeignCode(session: Session, tables: string): Promise<void> {
  const [found] = await session.query<{ name: string; owner: string; code: string; role: string }>(
    sql('db/foreign-code', { tables }),
  );
  if (!found) return;
  const { name, owner, code, role } = found;
  const why = `${name} belongs to ${owner}, and ${code} would run with all rights of the superuser ${role}`;
  throw new ZenError(
    'failed',
    `${why}. Run zen as a role that is no superuser: zen sql prints what to grant.`,
  );
}

/** The statements with which the owner of a table widens `record_id`. */
export function wideningStatements({ name, sequence }: Pick<NearlyFull, 'name' | 'sequence'>): string {
  return `alter table ${name} alter column record_id type bigint; alter sequence ${sequence} as bigint`;
}

/**
 * Makes `record_id` a bigint where it has few numbers left, and this role may. The table is written anew, and nobody reads it
 * meanwhile; where somebody does for long, it is left for the next run.
 */
export async function widenIds(db: Database): Promise<void> {
  for (const full of await listNearlyFull(db)) {
    if (!full.owned) continue;
    await db
      .transaction(async (session) => {
        await session.run("set local lock_timeout = '10s'");
        for (const statement of wideningStatements(full).split('; ')) await session.run(statement);
      })
      .catch((error: unknown) => {
        if (causeCode(error) !== '55P03') throw error;
      });
  }
}

function causeCode(error: unknown): unknown {
  return (error as { cause?: { code?: unknown } }).cause?.code;
}
