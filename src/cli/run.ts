import { environment, resolveTarget } from '../config.ts';
import type { Target } from '../config.ts';
import type { Database, OpenOptions } from '../db/database.ts';
import { openDatabase } from '../db/open.ts';
import { isSuperuser } from '../db/tables.ts';
import type { ZenError } from '../errors.ts';
import { refuseForeignLog } from '../log/require.ts';
import type { CommonOptions } from './options.ts';
import { Terminal } from './terminal.ts';
import type { Streams } from './terminal.ts';

/** The result of a command: a sentence for people, an object for programs. */
export interface Report {
  text: string;
  json: Record<string, unknown>;
  /** Bytes for stdout, in the place of both; the sentence then goes to stderr. */
  page?: string | Buffer | undefined;
  /** The reason for an exit code other than 0, beside that. */
  failure?: ZenError | undefined;
}

export interface CommandOptions extends CommonOptions {
  create?: boolean;
  /** Make an embedded database where there is none. */
  makes?: boolean;
  /** It changes the database: a superuser is told that none is needed. */
  writes?: boolean;
  streams?: Streams | undefined;
  /** Print no result for people. */
  silent?: boolean;
  /** Takes the notes, instead of stderr. */
  tell?: (text: string) => void;
}

const superuserNote =
  'This role is a superuser, which zen does not need. zen sql prints what to grant to roles of its own.';

/** Opens the database for `work`, closes it whatever happens, and prints what `work` reports. */
export async function runCommand(
  options: CommandOptions,
  work: (db: Database, terminal: Terminal, seconds: () => number) => Promise<Report>,
): Promise<void> {
  const started = performance.now();
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(3));
  const { quiet = false, input, tell, streams } = options;
  const terminal = new Terminal({ quiet, input, tell }, streams);
  const target = resolveTarget(options.database, environment());
  const { create = false, makes = false, writes = false, wait = 0 } = options;
  const db = await openSafely(target, { create, wait, existing: !makes });
  const release = onInterrupt(() => {
    db.interrupt();
  });
  let isDone = false;
  try {
    const isTold = writes && db.kind === 'server' && (await isSuperuser(db));
    const { text, json, page, failure } = await work(db, terminal, seconds);
    isDone = true;
    if (isTold) terminal.note(superuserNote); // beside what was done, not beside a refusal
    if (page !== undefined) terminal.pass(page, text);
    else if (options.json) terminal.print(JSON.stringify(json));
    else if (!options.silent) terminal.print(text);
    if (failure) throw failure;
  } finally {
    release();
    await db.close();
    if (!isDone) await db.undo?.();
  }
}

/** Opens a database, unless another role's code would run with all rights in what the project's log reads. */
export async function openSafely(target: Target, options: OpenOptions): Promise<Database> {
  const db = await openDatabase(target, options);
  try {
    await refuseForeignLog(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Calls `stop` at the first signal to end; a second one ends the process as ever. Gives what undoes that. */
export function onInterrupt(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const release = () => {
    for (const signal of signals) process.off(signal, listener);
  };
  const listener = () => {
    release();
    stop();
  };
  for (const signal of signals) process.on(signal, listener);
  return release;
}
