import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import postgres from 'postgres';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { environment } from '../config.ts';
import { sql } from '../files.ts';
import { copyStatement, copyFrame, quoteName, quoteText } from './database.ts';
import type { ResultColumn, CopyOptions, Session, TransactionOptions, Value } from './database.ts';
import { garbledCode, Guard, onceHeard, startTls, guardSocket } from './wire/guard.ts';
import { readAttempts } from './libpq/target.ts';
import type { Attempt, SessionKind } from './libpq/target.ts';
import { writeUrl } from './libpq/url.ts';
import { codeOf, madeMeanwhile, refusal } from './errors.ts';
import { pinSearchPath } from './schema.ts';
import { refuseForeignCode, zenTableIds } from './tables.ts';
import type { Qualify } from './schema.ts';

type Sql = postgres.Sql<Record<string, unknown>>;
type PendingQuery = ReturnType<Sql['unsafe']>;

const settings: postgres.Options<Record<string, postgres.PostgresType>> = {
  max: 1,
  max_lifetime: null,
  fetch_types: false,
  onnotice: () => undefined,
  connection: { application_name: `zen ${process.pid}@${hostname()}`, TimeZone: 'UTC' },
  types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
};

/**
 * One session on a server. postgres.js would connect anew, unasked, when it is lost, and go on in another session; or, in a
 * transaction, write to a socket that is gone. So each connection is a client of its own, which is not used after that.
 */
export class Connection implements Session {
  /** The name of its database for a person: a URL without its password. */
  readonly label: string;
  readonly #sql: Sql;
  readonly #attempt: Attempt;
  readonly #running = new Set<PendingQuery>();
  #state: 'open' | 'lost' | 'interrupted' = 'open';
  #entered = false;
  #isSuperuser = false;
  #qualify: Qualify = (text) => text;
  #socket: Socket | undefined;
  #guard: Guard | undefined;

  private constructor(attempt: Attempt, database = attempt.place.database) {
    const { host, port, user } = attempt.place;
    const place = {
      ...{ host: [host], port: [Number(port)] }, // of one word, the driver would take what is before a “:”
      socket: () => this.#dial(),
      ...{ user, database, ...(attempt.password && { pass: attempt.password }) },
    } as unknown as typeof settings; // whose types know of no lists
    const onclose = () => (this.#state = 'lost');
    this.#attempt = attempt;
    this.#sql = connect(`postgres://?${attempt.settings.toString()}`, {
      ...{ ...settings, ...place, ssl: false, connect_timeout: attempt.patience, onclose },
    });
    this.label = writeUrl([{ ...attempt.place, database }]);
  }

  /** Takes the database away again, when it was made for this connection, which must be closed. */
  undo: (() => Promise<void>) | undefined;

  /**
   * Connects. What the URL leaves out comes from libpq's `PG*` variables and its password file. Of several hosts, it is the
   * first that is there.
   *
   * @param create make the database when the server does not have it
   * @throws ZenError `unreachable` when there is no server, no such database or no way in
   */
  static async open(
    url: string,
    { create = false, database = undefined as string | undefined } = {},
  ): Promise<Connection> {
    const attempts = await readAttempts(url, environment());
    try {
      return await Connection.#enter(attempts, database);
    } catch (error) {
      const name = attempts[0].place.database;
      if (!create || codeOf((error as Error).cause) !== '3D000') throw error;
      const isNew = await Connection.#maintain(url, name, 'create');
      const connection = await Connection.open(url);
      if (isNew)
        connection.undo = async () => {
          await Connection.#maintain(url, name, 'drop');
        };
      return connection;
    }
  }

  /** Another session at the same place, in the same way. */
  again(): Promise<Connection> {
    return Connection.#enter([this.#attempt]);
  }

  /**
   * Tries one way of TLS, then the others where the server lets in only those with, or without it (pg_hba.conf); and the
   * next host where none of them leads to a server, or not to one of the kind that is wanted.
   */
  static async #enter([attempt, ...others]: [Attempt, ...Attempt[]], database?: string): Promise<Connection> {
    const connection = new Connection(attempt, database);
    const late = setTimeout(() => connection.#socket?.destroy(silent()), attempt.patience * 2000);
    if (attempt.patience === 0) clearTimeout(late);
    try {
      connection.#qualify = await pinSearchPath((text) => connection.#sql.unsafe(text));
      const [server] = await connection.#sql<[Server]>`
        select pg_is_in_recovery() as standby,
          pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on' as fixed,
          exists (select from pg_roles where rolname in (current_user, session_user) and rolsuper) as super`;
      connection.#isSuperuser = server.super;
      if (!suits[attempt.wanted](server)) throw notWanted(attempt.wanted);
      connection.#entered = true;
      connection.#guard?.enter();
      return connection;
    } catch (error) {
      connection.#state = 'lost';
      await connection.close();
      const [, ...tls] = attempt.tls;
      const [next, ...rest] = others;
      if (/^(28000|ECONNRESET|ENOTLS)$/.test(codeOf(error) ?? '') && tls.length > 0)
        return await Connection.#enter([{ ...attempt, tls }, ...others], database);
      if (next && absent.test(codeOf(error) ?? '')) return await Connection.#enter([next, ...rest], database);
      if (codeOf(error) === unknownSetting) throw notTaken(error, connection.label);
      throw explainServerError(error, connection.label, attempt.hint);
    } finally {
      clearTimeout(late);
    }
  }

  /** Makes a database, or takes it away. @returns false where another session has made it meanwhile */
  static async #maintain(url: string, name: string, how: 'create' | 'drop'): Promise<boolean> {
    const maintenance = await Connection.open(url, { database: 'postgres' });
    try {
      await maintenance.#sql.unsafe(`${how} database ${quoteName(name)}`); // the driver splits a name at its dots
      return true;
    } catch (error) {
      if (how === 'create' && madeMeanwhile.test(codeOf(error) ?? '')) return false;
      if (codeOf(error) === '42501') throw notAllowed(error, maintenance.#sql.options.user, name);
      throw explainServerError(error, maintenance.label);
    } finally {
      await maintenance.close();
    }
  }

  get usable(): boolean {
    return this.#state !== 'lost';
  }

  async query<Row>(text: string, values?: readonly Value[]): Promise<Row[]> {
    return [...(await this.#ask(text, values))] as Row[];
  }

  async run(text: string, values?: readonly Value[]): Promise<number> {
    return (await this.#ask(text, values)).count;
  }

  async describe(text: string, values?: readonly Value[]): Promise<ResultColumn[]> {
    const { columns } = await this.#ask(`select * from (${text}\n) as described limit 0`, values);
    return columns.map(({ name, type }) => ({ name, type }));
  }

  copy(
    table: string,
    columns: readonly string[],
    source: AsyncIterable<Uint8Array>,
    { binary = false, after = 0 }: CopyOptions = {},
  ): Promise<number> {
    const bytes = binary ? framed(source) : source;
    const text = copyStatement(table, columns, 'stdin', binary);
    const send = (query: PendingQuery) => copy(query, bytes, (error) => this.#explain(error, after));
    return this.#watch(text, [], send, true);
  }

  /**
   * See `Database`.
   *
   * @param work is given the name of its state, which another connection may `join`, if that is wanted and there is one
   */
  async transaction<T>(
    work: (session: Session, state?: string) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const { rollback = false, snapshot, beside = false } = options;
    const tables = zenTableIds();
    const found = snapshot || this.#isSuperuser ? await this.query<Kept>(sql('db/kept', { tables })) : [];
    await this.run(snapshot ? `begin isolation level repeatable read, ${snapshot}` : 'begin');
    try {
      const kept = snapshot ? found : found.filter(({ mode }) => mode === 'row exclusive');
      for (const { name, mode } of kept) await this.run(`lock table ${name} in ${mode} mode`);
      if (this.#isSuperuser) await refuseForeignCode(this, tables);
      const state = beside ? await this.#exportState() : undefined;
      if (beside && state === undefined) {
        await this.leave(); // as that has failed
        return await this.transaction(work, { ...options, beside: false });
      }
      const result = await work(this, state);
      await this.run(rollback ? 'rollback' : 'commit');
      return result;
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  /** The name of the state that its transaction sees; undefined of a server that shares none, such as CockroachDB. */
  async #exportState(): Promise<string | undefined> {
    try {
      const [shared] = await this.query<{ id: string }>('select pg_export_snapshot() as id');
      await this.#makeRoom();
      return shared?.id;
    } catch (error) {
      if (this.#state === 'open') return undefined;
      throw error;
    }
  }

  /**
   * Begins to read the state of another connection's transaction, until `leave`. It waits for no lock for long: whoever wants the
   * table for himself may wait for that transaction, which would wait for this one.
   */
  async join(state: string): Promise<void> {
    await this.run('begin isolation level repeatable read, read only');
    await this.run(`set transaction snapshot ${quoteText(state)}`);
    await this.run("set local lock_timeout = '1s'");
    await this.#makeRoom();
  }

  /** Lets the server gather a busy day in memory, until the transaction ends: from files, that takes half as long again. */
  async #makeRoom(): Promise<void> {
    await this.run(
      "select set_config('work_mem', '64MB', true) where pg_size_bytes(current_setting('work_mem')) < 64 << 20",
    );
  }

  /** Undoes its transaction. A connection that is lost has undone it. */
  async leave(): Promise<void> {
    if (this.usable) await this.#sql.unsafe('rollback').catch(() => undefined);
  }

  /** Cancels what is running. From here on, every query fails. */
  interrupt(): void {
    if (this.usable) this.#state = 'interrupted';
    for (const query of this.#running) query.cancel();
  }

  close(): Promise<void> {
    return this.#sql.end({ timeout: this.usable ? 5 : 0 });
  }

  /**
   * A socket on its way. The driver's own would hold back what is small while something is on its way (Nagle), and so the end of a
   * COPY for the 40 ms after which this system says that it has the rest. libpq's do not, either. To a server that hangs up before
   * there is a session, the driver would go again and again. TLS is made here, so that a guard sees what the driver sees.
   */
  async #dial(): Promise<Socket> {
    if (this.#socket && !this.#entered)
      throw Object.assign(new Error('it hung up before it let anybody in'), { code: 'ECLOSED' });
    const { place, tls, plain, password } = this.#attempt;
    const { host, port } = place;
    const socket = host.startsWith('/')
      ? createConnection({ path: `${host}/.s.PGSQL.${port}` })
      : createConnection({ host, port: Number(port), noDelay: true });
    if (!this.#entered) this.#socket = socket; // else it goes to cancel
    await onceHeard(socket, 'connect');
    const own = tls[0] ? await startTls(socket, tls[0], host) : socket;
    const isHere = socket.remoteAddress === undefined || loopback.test(socket.remoteAddress);
    const guard = new Guard(own !== socket || isHere || plain || password === undefined);
    if (!this.#entered) this.#guard = guard;
    return Object.assign(guardSocket(own, guard), { host, port }); // which the driver tells
  }

  #ask(text: string, values: readonly Value[] = []): Promise<postgres.RowList<postgres.Row[]>> {
    return this.#watch(text, values, (query) => query);
  }

  /** The outcome of a query that can be cancelled; its error as a sentence. */
  async #watch<T>(
    text: string,
    values: readonly Value[],
    work: (query: PendingQuery) => Promise<T>,
    copies = false,
  ): Promise<T> {
    this.#demand();
    this.#guard?.begin(copies);
    const query = this.#sql.unsafe(this.#qualify(text), [...values]);
    this.#running.add(query);
    try {
      return await work(query);
    } catch (error) {
      const said = this.#explain(error);
      if (this.usable) this.#demand();
      throw said;
    } finally {
      this.#running.delete(query);
    }
  }

  /** An error as a sentence. A query fails before `onclose` is called, and one asked in between would never be answered. */
  #explain(error: unknown, after = 0): unknown {
    if (connectionGone.test(codeOf(error) ?? '')) this.#state = 'lost';
    if (codeOf(error) === garbledCode) {
      const said = `${this.label} does not behave like a server: ${messageOf(error)}. Check the server and --database.`;
      return new ZenError('failed', said, { cause: error });
    }
    return explainServerError(error, this.label, '', after);
  }

  #demand(): void {
    if (this.#state === 'interrupted') throw new ZenError('interrupted', 'Interrupted.');
    if (this.#state === 'lost')
      throw new ZenError('unreachable', `The connection to ${this.label} was lost. Run it again.`);
  }
}

/** Addresses of this machine. */
const loopback = /^(::ffff:)?127\.|^::1$/;

function silent(): Error {
  return Object.assign(new Error('it did not answer in time'), { code: 'CONNECT_TIMEOUT' });
}

/** The driver's client. It must not see this variable, which it also reads, but with fewer values and another meaning. */
function connect(url: string, options: typeof settings): Sql {
  const env = environment();
  const { PGTARGETSESSIONATTRS: kept } = env;
  delete env.PGTARGETSESSIONATTRS;
  try {
    return postgres(url, options);
  } finally {
    if (kept !== undefined) env.PGTARGETSESSIONATTRS = kept;
  }
}

interface Server {
  standby: boolean;
  /** It takes no changes. */
  fixed: boolean;
  /** The session has all rights, or can take them. */
  super: boolean;
}

/** A table to lock before a transaction looks at anything. */
interface Kept {
  name: string;
  mode: 'access share' | 'row exclusive';
}

const suits: Record<SessionKind, (server: Server) => boolean> = {
  any: () => true,
  'read-write': ({ fixed }) => !fixed,
  'read-only': ({ fixed }) => fixed,
  primary: ({ standby }) => !standby,
  standby: ({ standby }) => standby,
};

/** Makes the error for a server that is not of the kind asked for. */
function notWanted(kind: SessionKind): Error {
  return Object.assign(new Error(`it is no ${kind} server, as target_session_attrs asks for`), {
    code: 'EOTHER',
  });
}

const unknownSetting = '42704';

/** A parameter of the URL that is neither libpq's, as far as zen knows it, nor a setting of the server's. */
function notTaken(error: unknown, place: string): ZenError {
  const remedy = "Take it out of the database's URL or service";
  return new ZenError('usage', `${place} refused: ${shorten(messageOf(error), 300)}. ${remedy}.`, {
    cause: error,
  });
}

function notAllowed(error: unknown, role: string, name: string): ZenError {
  const why = `There is no database ${name}, and ${role} may not create one`;
  return new ZenError('failed', `${why}. Ask for it to be created, or name one that exists.`, {
    cause: error,
  });
}

/**
 * Streams `source` into a COPY. postgres.js settles such a query when its stream opens, and drops what the server says
 * after the last byte, a refused row above all, so that the stream never ends (porsager/postgres #1173). So the query's
 * own end is listened to beside the stream. The driver also destroys the stream of a query that fails, and tells the server
 * why, which must be short: more than 10,000 bytes, such as a message that quotes a long value, and the server hangs up.
 */
async function copy(
  query: PendingQuery,
  source: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => unknown,
): Promise<number> {
  const stream = endPlainly(await query.writable(), explain);
  const answer = new Promise<{ count: number }>((resolve, reject) => {
    void Object.assign(query, { resolve, reject });
  });
  answer.catch((error: unknown) => {
    stream.destroy(error as Error);
  });
  try {
    await pipeline(steady(source, stream), stream);
    return (await answer).count;
  } catch (error) {
    await answer.catch(() => undefined); // the server has taken note, and the connection is free again
    throw explain(error);
  }
}

/**
 * The driver fails every COPY when its stream is destroyed, even one that is done, as Node destroys what has ended. The server passes
 * over that without an answer; and until its system has acknowledged it, 40 ms later, ours sends nothing more.
 */
function endPlainly(stream: Writable, explain: (error: unknown) => unknown): Writable {
  const fail = stream._destroy.bind(stream);
  stream._destroy = (error, done) => {
    if (error) fail(explain(error) as Error, done);
    else done();
  };
  return stream;
}

/** Asks for a piece only when the one before has been taken, as `Session.copy` promises. */
async function* steady(source: AsyncIterable<Uint8Array>, stream: Writable): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    yield piece;
    while (stream.writableLength > 0 && !stream.destroyed) await turn();
  }
}

async function* framed(rows: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield copyFrame.header;
  yield* rows;
  yield copyFrame.trailer;
}

/** Socket codes, and SQLSTATEs of a server that starts or stops, that mean: another host may be there. */
const absent = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_\w+|57P0[123])$/;
/** Codes of a socket, and of the driver, that mean: the connection is gone. */
const connectionGone = /^(E[A-Z]+|CONNECTION_\w+)$/;

/** SQLSTATEs (PostgreSQL, appendix A) and socket codes that mean: nobody to talk to. */
const unreachable =
  /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_\w+|08\w{3}|28\w{3}|3D000|53300|57P0[123]|\w*CERT\w*|UNABLE_TO_\w+|(ERR_)?(TLS|SSL)_\w+)$/;

/** SQLSTATEs that mean: timed out, or gave way to another transaction. */
const gaveUp = /^(57014|55P03|25P0[34]|40001|40P01)$/;

function explainServerError(error: unknown, place: string, hint = '', after = 0): unknown {
  const code = codeOf(error);
  if (error instanceof ZenError || !code) return error;
  const said = shorten(code === 'CONNECT_TIMEOUT' ? silent().message : messageOf(error) || code, 300);
  if (code === '3D000') {
    return new ZenError('unreachable', `${place}: ${said}. Create it, or let zen restore --create do so.`, {
      cause: error,
    });
  }
  if (unreachable.test(code)) {
    return new ZenError(
      'unreachable',
      `Cannot reach ${place}: ${said}. Check the server and --database.${hint}`,
      {
        cause: error,
      },
    );
  }
  if (gaveUp.test(code)) {
    return new ZenError('unreachable', `${place} gave up: ${said}. Run it again, or raise that limit.`, {
      cause: error,
    });
  }
  if (code === '42501') {
    return new ZenError('failed', `${place} refused: ${said}. Grant that right (docs/operate.md: Rights).`, {
      cause: error,
    });
  }
  return refusal(error, place, after);
}
