import { hostname } from 'node:os';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { messageOf, ZenError } from '../errors.ts';
import { copyText } from './database.ts';
import type { Database, OpenOptions, Session, Value } from './database.ts';

type Sql = postgres.Sql<Record<string, unknown>>;

const settings: postgres.Options<Record<string, postgres.PostgresType>> = {
  max: 1,
  connect_timeout: 10,
  fetch_types: false,
  onnotice: () => undefined,
  connection: { application_name: `zen ${process.pid}@${hostname()}`, TimeZone: 'UTC' },
  types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
};

/**
 * Connects to a PostgreSQL server. What the URL leaves out comes from libpq's `PG*` variables.
 *
 * @throws ZenError `unreachable` when there is no server, no such database or no way in
 */
export async function openServer(url: string, options: OpenOptions = {}): Promise<Database> {
  const { create = false, connections = 2 } = options;
  const sql = postgres(url, { ...settings, max: connections });
  const place = label(sql);
  try {
    await sql`select 1`;
  } catch (error) {
    await sql.end({ timeout: 0 });
    if (!create || codeOf(error) !== '3D000') throw translate(error, place);
    await createDatabase(url, sql.options.database);
    return openServer(url, { ...options, create: false });
  }
  const running = new Running(place);
  return {
    kind: 'server',
    label: place,
    ...session(sql, running),
    transaction: (work, { rollback = false } = {}) => transact(sql, running, work, rollback),
    reserve: async (work) => {
      const reserved = await sql.reserve().catch((error: unknown) => {
        throw translate(error, place);
      });
      try {
        return await work(session(reserved, running));
      } finally {
        reserved.release();
      }
    },
    interrupt: () => {
      running.interrupt();
    },
    close: () => sql.end({ timeout: 5 }),
  };
}

async function createDatabase(url: string, name: string): Promise<void> {
  const sql = postgres(url, { ...settings, database: 'postgres' });
  try {
    await sql`create database ${sql(name)}`;
  } catch (error) {
    throw translate(error, label(sql));
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function label(sql: Sql): string {
  const { user, host, port, database } = sql.options;
  return `postgres://${user}@${host[0] ?? ''}:${port[0] ?? ''}/${database}`;
}

type Query = ReturnType<Sql['unsafe']>;

/** The queries that are on their way. */
class Running {
  readonly place: string;
  readonly #queries = new Set<Query>();
  #interrupted = false;

  constructor(place: string) {
    this.place = place;
  }

  /** The result of a query; its error as a sentence. */
  async watch<T>(query: Query, result: Promise<T>): Promise<T> {
    this.#stop();
    this.#queries.add(query);
    try {
      return await result;
    } catch (error) {
      this.#stop();
      throw translate(error, this.place);
    } finally {
      this.#queries.delete(query);
    }
  }

  interrupt(): void {
    this.#interrupted = true;
    for (const query of this.#queries) query.cancel();
  }

  #stop(): void {
    if (this.#interrupted) throw new ZenError('interrupted', 'Interrupted.');
  }
}

type Runner = Pick<Sql, 'unsafe'>;

function session(sql: Runner, running: Running): Session {
  const ask = (text: string, values: readonly Value[] = []) => {
    const query = sql.unsafe(text, [...values]);
    return running.watch(query, query);
  };
  return {
    query: async <Row>(text: string, values?: readonly Value[]) => [...(await ask(text, values))] as Row[],
    run: async (text, values) => (await ask(text, values)).count,
    copy: (table, columns, source) => {
      const query = sql.unsafe(copyText(table, columns, 'stdin'));
      return running.watch(query, copy(query, source));
    },
  };
}

/**
 * Streams `source` into a COPY. postgres.js settles such a query when its stream opens, and drops what the server says
 * after the last byte, a refused row above all, so that the stream never ends (porsager/postgres #1173). So the query's
 * own end is listened to beside the stream.
 */
async function copy(query: Query, source: AsyncIterable<Uint8Array>): Promise<number> {
  const stream = await query.writable();
  const answer = new Promise<{ count: number }>((resolve, reject) => {
    void Object.assign(query, { resolve, reject });
  });
  answer.catch((error: unknown) => {
    stream.destroy(error as Error);
  });
  try {
    await pipeline(source, stream);
  } catch (error) {
    await answer.catch(() => undefined); // the server has taken note, and the connection is free again
    throw error;
  }
  return (await answer).count;
}

class Rollback extends Error {}

async function transact<T>(
  sql: Sql,
  running: Running,
  work: (session: Session) => Promise<T>,
  rollback: boolean,
): Promise<T> {
  let result: T | undefined;
  try {
    await sql.begin(async (tx) => {
      result = await work(session(tx, running));
      if (rollback) throw new Rollback();
    });
  } catch (error) {
    if (!(error instanceof Rollback)) throw translate(error, running.place);
  }
  return result as T;
}

/** SQLSTATEs (PostgreSQL, appendix A) and socket codes that mean: nobody to talk to. */
const unreachable = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_\w+|08\w{3}|28\w{3}|3D000|53300|57P0[123])$/;

/** SQLSTATEs that mean: timed out, or gave way to another transaction. */
const gaveUp = /^(57014|55P03|25P0[34]|40001|40P01)$/;

function translate(error: unknown, place: string): unknown {
  const code = codeOf(error);
  if (error instanceof ZenError || !code) return error;
  const said = messageOf(error) || code;
  if (code === '3D000') {
    return new ZenError('unreachable', `${place}: ${said}. Create it, or let zen restore --create do so.`, {
      cause: error,
    });
  }
  if (unreachable.test(code)) {
    return new ZenError('unreachable', `Cannot reach ${place}: ${said}. Check the server and --database.`, {
      cause: error,
    });
  }
  if (gaveUp.test(code)) {
    return new ZenError('unreachable', `${place} gave up: ${said}. Run it again, or raise that limit.`, {
      cause: error,
    });
  }
  if (code === '42501') {
    return new ZenError('failed', `${place} refused: ${said}. Have it granted (README: Rights).`, {
      cause: error,
    });
  }
  const where = (error as { where?: string }).where;
  return new ZenError('failed', `${place} refused: ${said}${where ? ` (${where})` : ''}.`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
