import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { messageOf, reasonOf, ZenError } from '../errors.ts';
import { isPlanted } from '../files.ts';
import { copyStatement, copyFrame } from './database.ts';
import type { Database, OpenOptions, Session, Value } from './database.ts';
import { lockFile } from './lockfile.ts';
import { refusal } from './errors.ts';
import { pinSearchPath } from './schema.ts';
import type { Qualify } from './schema.ts';

type Engine = Pick<PGlite, 'query'>;

/**
 * Opens, or creates, the embedded database (PostgreSQL in WebAssembly, in this process) in a folder. It does not guard its
 * folder itself, so a lock file does.
 *
 * @throws ZenError `locked` when another process has it open, `failed` when it does not start, `usage` when the folder is for
 *   something else, `unreachable` when a database must be there and is not
 */
export async function openEmbedded(
  folder: string,
  { wait = 0, existing = false }: OpenOptions = {},
): Promise<Database> {
  if (existing) requireDatabase(folder);
  await mkdir(dirname(folder), { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await requireOwn(folder);
  await requirePrivateFolder(folder);
  const release = await lockFile(join(folder, 'zen.lock'), wait);
  // PostgreSQL's own lock says nothing here, and refuses to start for good when a killed process left it empty.
  await rm(join(folder, 'postmaster.pid'), { force: true });
  const isNew = (await readdir(folder)).every(isOfLock);
  const engine = await PGlite.create(folder, { startParams }).catch(async (error: unknown) => {
    if (isNew) await clear(folder); // a part of a database would never start
    const obstacle = await findObstacle(folder, error);
    await release();
    throw obstacle ?? notStarted(folder, error);
  });
  let interrupted = false;
  const demand = () => {
    if (interrupted) throw new ZenError('interrupted', 'Interrupted.');
  };
  const qualify = await pinSearchPath(
    async (text) => (await engine.query<Record<string, unknown>>(text)).rows,
  );
  const open = (engine: Engine) => session(engine, folder, demand, qualify);
  const whole = open(engine);
  return {
    kind: 'embedded',
    label: folder,
    ...whole,
    transaction: async <T>(work: (session: Session) => Promise<T>, { rollback = false } = {}) => {
      let failure: unknown;
      const whole = engine.transaction(async (tx) => {
        const result = await work(open(tx)).catch((error: unknown) => {
          failure = error;
          throw error;
        });
        if (rollback) await tx.rollback();
        return result;
      });
      // An engine that has broken down refuses to roll back as well, which is not what went wrong.
      return whole.catch((error: unknown) => {
        throw failure ?? error;
      });
    },
    reserve: (work) => work(whole),
    interrupt: () => {
      interrupted = true;
    },
    demand,
    close: async () => {
      await engine.close();
      await keepPrivate(folder).catch(() => undefined); // of a folder that is another's
      await release();
    },
  };
}

/**
 * PostgreSQL's shared memory is zeroed at each start, and initdb asks for 128 MB, which took a fifth of the start and 100 MB
 * more. Pages that do not fit are in the system's cache.
 */
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB'];

/** A folder of which only a name was mistyped, above all that of a server's database, is not to be made. */
function requireDatabase(folder: string): void {
  if (existsSync(join(folder, 'PG_VERSION'))) return;
  const remedy = `Make one with zen restore <dump> --database ${folder}, or name a server: postgres://user@host/database`;
  throw new ZenError('unreachable', `There is no database at ${folder}. ${remedy}.`);
}

/** Checks that nobody else may change the database: the engine creates its files with mode 0666. */
async function requirePrivateFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const found = await stat(folder);
  const isStrange = isPlanted(found, await stat(dirname(await realpath(folder))));
  if (isStrange) throw new ZenError('usage', `${folder} is another user's. Name a folder of your own.`);
  if (found.mode & 0o022)
    throw new ZenError(
      'usage',
      `Others may write into ${folder}, and so into the database: run chmod 700 on it.`,
    );
  if (found.uid === process.getuid?.()) await chmod(folder, 0o700);
}

async function keepPrivate(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  }
}

/** Checks that a folder holds nothing else: no server, which would stop without its postmaster.pid, and no other files. */
async function requireOwn(folder: string): Promise<void> {
  const names = await readdir(folder);
  const isDatabase = names.some((name) => name === 'PG_VERSION' || isOfLock(name));
  if (names.length > 0 && !isDatabase)
    throw new ZenError('usage', `${folder} is neither empty nor a database. Name a new folder.`);
  const pid = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch((error: unknown) =>
    (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : 'not to be read',
  );
  if (pid !== '' && !pid.startsWith(ownPid))
    throw new ZenError(
      'usage',
      `${folder} belongs to a PostgreSQL server (its postmaster.pid says so). Name its URL, or a new folder.`,
    );
}

/** The start of a postmaster.pid that PGlite wrote: a process and a folder that are the same everywhere. */
const ownPid = '-42\n/pglite/data\n';

function session(engine: Engine, folder: string, demand: () => void, qualify: Qualify): Session {
  const ask = async <Row>(text: string, values: readonly Value[] = [], blob?: Blob, rows = 0) => {
    await turn(); // the engine never waits, and so would keep signals from being seen
    demand();
    try {
      return await engine.query<Row>(qualify(text), [...values], blob && { blob });
    } catch (error) {
      throw await explainEmbeddedError(error, folder, rows);
    }
  };
  return {
    query: async <Row>(text: string, values?: readonly Value[]) => (await ask<Row>(text, values)).rows,
    run: async (text, values) => (await ask(text, values)).affectedRows ?? 0,
    describe: async (text, values) => {
      const { fields } = await ask(`select * from (${text}\n) as described limit 0`, values);
      return fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
    },
    copy: async (table, columns, source, { binary = false, after = 0 } = {}) => {
      const text = copyStatement(table, columns, "'/dev/blob'", binary);
      let rows = 0;
      for await (const parts of batches(source, binary)) {
        const blob = new Blob(binary ? [copyFrame.header, ...parts, copyFrame.trailer] : parts);
        rows += (await ask(text, [], blob, after + rows)).affectedRows ?? 0;
      }
      return rows;
    },
  };
}

/** A blob is whole in memory, so the data goes in pieces of about this many bytes, cut between rows. */
const batchBytes = 8 << 20;

async function* batches(
  source: AsyncIterable<Uint8Array>,
  binary: boolean,
): AsyncGenerator<Uint8Array<ArrayBuffer>[]> {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    const last = binary ? chunk.length : chunk.lastIndexOf(lineFeed) + 1;
    const end = bytes + chunk.length < batchBytes ? 0 : last;
    if (end > 0) {
      yield [...parts, new Uint8Array(chunk.subarray(0, end))];
      parts = [];
      bytes = 0;
    }
    parts.push(new Uint8Array(chunk.subarray(end)));
    bytes += chunk.length - end;
  }
  if (bytes > 0) yield parts;
}

const lineFeed = 10;

/** SQLSTATE classes (PostgreSQL, appendix A) of what is wrong with a statement or its values. */
const mistaken = /^(0[ABFLP]|2[0-8]|4[24])/;

async function explainEmbeddedError(error: unknown, folder: string, rows: number): Promise<unknown> {
  const { code } = error as { code?: unknown };
  const obstacle = mistaken.test(String(code)) ? undefined : await findObstacle(folder, error);
  if (obstacle) return obstacle;
  return typeof code === 'string' ? refusal(error, 'The embedded database', rows) : error;
}

/** Makes the error for a database that finds no room for its files: a file of PostgreSQL's log has 16 MB, and a table may have more. */
async function findObstacle(folder: string, cause: unknown): Promise<ZenError | undefined> {
  const isTooLarge = messageOf(cause).endsWith(': File too large');
  const refused = isTooLarge ? { code: 'EFBIG' } : await refusalOfFile(join(folder, 'zen.lock.room'));
  if (refused === undefined) return undefined;
  const why =
    (refused as { code?: unknown }).code === 'ENOSPC'
      ? `The disk of ${folder} is full. Make room, and run it again`
      : `The embedded database in ${folder} has no room: ${reasonOf(refused)}`;
  return new ZenError('failed', `${why}: nothing was changed.`, { cause });
}

/** Writes a file as large as one of PostgreSQL's log, and takes it away; what keeps it from that. */
async function refusalOfFile(path: string): Promise<unknown> {
  try {
    await writeFile(path, Buffer.alloc(16 << 20));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await rm(path, { force: true });
  }
}

/** Tells whether a file is the lock, or is made beside it. */
function isOfLock(name: string): boolean {
  return name.startsWith('zen.lock');
}

/** Takes everything but the lock out of a folder. */
async function clear(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !isOfLock(name));
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

function notStarted(folder: string, cause: unknown): ZenError {
  const said = messageOf(cause).replace(/\. Build with .*|\.$/s, '');
  const why = `The embedded database in ${folder} does not start: ${said}`;
  return new ZenError('failed', `${why}. Restore into another folder, or free what it lacks.`, { cause });
}
