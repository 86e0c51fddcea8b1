import { Connection } from './connection.ts';
import type { Database, OpenOptions, Session } from './database.ts';
import { ZenError } from '../errors.ts';

/**
 * Connects to a PostgreSQL server. More connections are made when more are used at once, and kept.
 *
 * @throws ZenError `unreachable` when there is no server, no such database or no way in
 */
export async function openServer(url: string, { create = false }: OpenOptions = {}): Promise<Database> {
  const first = await Connection.open(url, { create });
  const open = new Set([first]);
  const idle = [first];
  let interrupted = false;

  const take = async () => {
    const kept = idle.splice(0).filter((connection) => connection.usable);
    const connection = kept.pop() ?? (await first.again());
    idle.push(...kept);
    open.add(connection);
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
  return {
    kind: 'server',
    label: first.label,
    undo: first.undo,
    query: (text, values) => reserve((connection) => connection.query(text, values)),
    run: (text, values) => reserve((connection) => connection.run(text, values)),
    describe: (text, values) => reserve((connection) => connection.describe(text, values)),
    copy: (...args) => reserve((connection) => connection.copy(...args)),
    transaction: (work, options) => reserve((connection) => connection.transaction(work, options)),
    reserve: <T>(work: (session: Session) => Promise<T>) => reserve(work),
    interrupt: () => {
      interrupted = true;
      for (const connection of open) connection.interrupt();
    },
    demand: () => {
      if (interrupted) throw new ZenError('interrupted', 'Interrupted.');
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()));
    },
  };
}
