import { ZenError } from '../errors.ts';
import type { Database, Session } from './database.ts';

/** Times that a connection is asked for its process. Where others use the pool, too, it may be given the same one by chance. */
const questions = 20;

/**
 * Checks that a connection to a server has a session of its own. A pooler that shares its connections by transaction (PgBouncer,
 * Odyssey, PgCat) gives each statement any of them: two connections then meet one process of the server, or one
 * connection meets several. The second connection holds its own for a while, so that an idle pool has to choose another.
 *
 * @throws ZenError `failed` behind such a pooler, before anything is left in its sessions
 */
export async function requireSession(db: Database, session: Session): Promise<void> {
  if (db.kind === 'embedded') return;
  const own = await findProcess(session);
  const isOther = async () => (await findProcess(session)) !== own;
  const hold = async (other: Session) => {
    if ((await findProcess(other)) === own || (await isOther())) throw sharing(db.label);
  };
  await db.transaction(hold).catch(async (error: unknown) => {
    const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
    if (code !== 'CONNECTION_CLOSED') throw error;
    await findProcess(session); // is not lost: pool_mode = statement, where PgBouncer hangs up at a transaction
    throw sharing(db.label);
  });
  for (let left = questions; left > 0; left--) if (await isOther()) throw sharing(db.label);
}

async function findProcess(session: Session): Promise<number | undefined> {
  return (await session.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
}

/** @param more what else there is to say */
export function sharing(label: string, more = ''): ZenError {
  const why = `${label} is behind a pooler that shares sessions by statement or transaction`;
  const remedy = 'Connect to the server itself, or have the pooler use pool_mode = session for zen';
  return new ZenError('failed', `${why}, so that no run can hold its lock. ${remedy}.${more}`);
}
