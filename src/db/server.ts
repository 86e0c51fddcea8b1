import { Connection } from './connection.ts';
import { readBeside } from './beside.ts';
import type { Database, OpenOptions, Session, TransactionOptions } from './database.ts';
import { ZenError } from '../errors.ts';

/**
 * Connects to a PostgreSQL server. More connections are made when more are used at once, and kept.
 *
 * @throws ZenError `unreachable` when there is no server, no such database or no way in
 */
export async function openServer(url: string, { create = false }: OpenOptions = {}): Promise<Database> {
  const first = await Connection.open(url, { create });
  /** All connections, also those on their way. */
  const open = new Set([Promise.resolve(first)]);
  const idle = [first];
  let interrupted = false;
  const each = (work: (connection: Connection) => unknown) =>
    Promise.all([...open].map((opening) => opening.then(work, () => undefined)));

  const connect = () => {
    const opening = first.again();
    open.add(opening);
    return opening;
  };
  const take = async () => {
    const kept = idle.splice(0).filter((connection) => connection.usable);
    const connection = kept.pop() ?? (await connect());
    idle.push(...kept);
    if (interrupted) connection.interrupt();
    return connection;
  };
  const reserve = async <T>(work: (connection: Connection) => Promise<T>) => {
    const connection = await take();
    try {
      return await work(connection);
    } finally {
      idle.push(connection);
    }
  };
  /** Joins a state over another connection, which a server or a pooler may be slow to give, or have none. */
  const join = async (state: string) => {
    const connection = await take();
    const leave = async () => {
      await connection.leave();
      idle.push(connection);
    };
    try {
      await connection.join(state);
      return { session: connection, leave };
    } catch (error) {
      await leave();
      throw error;
    }
  };
  return {
    kind: 'server',
    label: first.label,
    undo: first.undo,
    query: (text, values) => reserve((connection) => connection.query(text, values)),
    run: (text, values) => reserve((connection) => connection.run(text, values)),
    describe: (text, values) => reserve((connection) => connection.describe(text, values)),
    copy: (...args) => reserve((connection) => connection.copy(...args)),
    transaction: <T>(work: (session: Session) => Promise<T>, options: TransactionOptions = {}) => {
      const share = (session: Session, state?: string) =>
        state === undefined ? work(session) : readBeside(session, () => join(state), work);
      return reserve((connection) => connection.transaction(share, options));
    },
    reserve: <T>(work: (session: Session) => Promise<T>) => reserve(work),
    interrupt: () => {
      interrupted = true;
      void each((connection) => {
        connection.interrupt();
      });
    },
    demand: () => {
      if (interrupted) throw new ZenError('interrupted', 'Interrupted.');
    },
    close: async () => {
      await each((connection) => connection.close());
    },
  };
}
