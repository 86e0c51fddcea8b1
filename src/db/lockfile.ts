import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZenError } from '../errors.ts';

/** The holder of a lock file. */
interface Owner {
  /** Of this holding, so that two of one process differ. */
  id: string;
  pid: number;
  host: string;
  /** When the process started, in a unit of the system's own; null where it does not say. */
  born: string | null;
  /** When it took the lock, ISO 8601. */
  since: string;
}

/** Milliseconds between two tries. */
export const retryMs = 200;

/** Milliseconds in which another process has surely removed a file. */
const soon = 10_000;

/**
 * Takes a lock file: only one process of a machine holds it at a time. One left behind by a process that is dead is taken over.
 *
 * @param wait milliseconds to wait for another process
 * @returns gives the lock back
 * @throws ZenError `locked` when another process still holds it then
 */
export async function lockFile(path: string, wait = 0): Promise<() => Promise<void>> {
  const until = performance.now() + wait;
  const self = { id: randomUUID(), pid: process.pid, host: hostname(), since: new Date().toISOString() };
  const owner: Owner = { ...self, born: await birthOf(process.pid) };
  for (;;) {
    if (await claim(path, owner)) return () => rm(path, { force: true });
    const other = await readOwner(path);
    if (!other) continue;
    if (await isDead(other)) await discard(path, other);
    else if (performance.now() + retryMs > until) throw new ZenError('locked', describeOwner(path, other));
    else await sleep(retryMs);
  }
}

/** Puts the whole file in its place, or nothing: nobody can read half of it. */
async function claim(path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${owner.id}.new`;
  await writeFile(draft, JSON.stringify(owner));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes the file of a dead owner. Only one process may: another could remove the file of the next owner by mistake. */
async function discard(path: string, dead: Owner): Promise<void> {
  const release = await lockFile(`${path}.${dead.id}`, soon);
  try {
    if ((await readOwner(path))?.id === dead.id) await rm(path, { force: true });
  } finally {
    await release();
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseOwner(text);
}

/** Reads the owner of a lock file. A file that a power cut left empty has a dead owner. */
function parseOwner(text: string): Owner {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return { id: 'damaged', pid: -1, host: hostname(), born: null, since: '' };
  }
}

async function isDead({ pid, host, born }: Owner): Promise<boolean> {
  if (host !== hostname()) return false;
  if (pid <= 0) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return born !== (await birthOf(pid));
}

/**
 * When a process started (Linux, proc(5): field 22 of stat), because the number of a dead one may be given to another; of
 * one that has ended but is not yet forgotten (state Z), a text that no other has.
 */
async function birthOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? 'ended' : (fields[18] ?? null);
}

function describeOwner(path: string, { pid, host, since }: Owner): string {
  return (
    `Another zen (process ${pid} on ${host}, since ${since}) has this database open. Try again later, or let this one ` +
    `wait: --wait 10m. If there is no such process, remove ${path}.`
  );
}
