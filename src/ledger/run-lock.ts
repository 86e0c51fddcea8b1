import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Session } from '../db/database.ts';
import { retryMs } from '../db/lockfile.ts';
import { requireSession, sharing } from '../db/pooler.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { overEvents } from '../log/aggregates.ts';
import { isoTime } from '../time.ts';

/** A statement in `sql/ledger/lock`, about the lock of the schema that the aggregates are in. */
function lockText(name: string): string {
  return sql(`ledger/lock/${name}`, { home: overEvents('ledger/lock/home') });
}

/** Tries at which a pooler may give back the session that holds the lock. */
const releases = 100;

/** The lock of a run, as the transactions of the run see it. */
export interface Lock {
  /**
   * Makes a transaction part of the run: no other run begins before it ends.
   *
   * @throws ZenError `unreachable` when the session that leads the run is lost, and another run may have begun
   */
  join(transaction: Session): Promise<void>;
}

/**
 * Does `work` while no other run changes the log or the aggregates of this schema. The lock is an advisory one of PostgreSQL's, kept by a
 * connection of its own: it goes with that connection, however the run ends.
 *
 * @param wait milliseconds to wait for another run
 * @throws ZenError `locked` when another run still holds it then, `failed` behind a pooler that shares sessions
 */
export function withLock<T>(db: Database, wait: number, work: (lock: Lock) => Promise<T>): Promise<T> {
  return db.reserve(async (leader) => {
    await requireSession(db, leader);
    const pid = await take(leader, wait, 'take');
    try {
      await leader.query(sql('ledger/lock/session'));
      return await work({ join: (transaction) => joinRun(transaction, pid) });
    } finally {
      await release(db, leader, pid);
    }
  });
}

/**
 * Has a transaction hold the lock alone, until it ends: for a run that is one transaction, without a snapshot.
 *
 * @throws ZenError `locked` when another run still holds it after so many milliseconds
 */
export async function lockAlone(transaction: Session, wait: number): Promise<void> {
  await take(transaction, wait, 'alone');
}

/** Tries to release the lock. A lost connection has already released it. */
async function release(db: Database, leader: Session, pid: number): Promise<void> {
  for (let left = releases; left > 0; left--) {
    const [answer] = await leader
      .query<{ released: boolean }>(lockText('release'), [pid])
      .catch(() => [{ released: true }]);
    if (answer?.released) return;
    await sleep(retryMs / 10);
  }
  const remedy = `End the process ${pid} of the server, which still holds it: select pg_terminate_backend(${pid})`;
  throw sharing(db.label, ` ${remedy}.`);
}

async function joinRun(transaction: Session, leader: number): Promise<void> {
  await transaction.query(sql('ledger/lock/session'));
  await transaction.query(lockText('join'));
  const [found] = await transaction.query<{ held: boolean }>(lockText('check'), [leader]);
  if (!found?.held) {
    throw new ZenError(
      'unreachable',
      'The connection that holds the lock of this run was lost. Run it again.',
    );
  }
}

/**
 * The process of the server that holds the lock now. Tries, rather than queues: a waiting request would keep the other run's own
 * transactions from their shares.
 */
async function take(session: Session, wait: number, statement: 'take' | 'alone'): Promise<number> {
  const until = performance.now() + wait;
  for (;;) {
    const [taken] = await session.query<{ pid: number }>(lockText(statement));
    if (taken) return taken.pid;
    if (performance.now() + retryMs > until) throw new ZenError('locked', await describeHolder(session));
    await sleep(retryMs);
  }
}

interface Holder {
  pid: number;
  user: string | null;
  name: string | null;
  since: number | null;
}

async function describeHolder(session: Session): Promise<string> {
  const [holder] = await session.query<Holder>(lockText('holder'));
  const details = holder && [
    holder.name || 'a client without a name',
    holder.user && `user ${holder.user}`,
    `process ${holder.pid} of the server`,
    holder.since !== null && `connected since ${isoTime(holder.since)}`,
  ];
  const who = details ? ` (${details.filter(Boolean).join(', ')})` : '';
  return `Another run is at work in this database${who}. Try again later, or let this one wait: --wait 10m.`;
}
