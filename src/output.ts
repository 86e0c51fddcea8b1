import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf, ZenError } from './errors.ts';
import { isPlanted } from './files.ts';
import { dayMs } from './time.ts';

/**
 * Writes a page, or a message about one, beside its place and renames it, so that a reader never finds half of it, nor a power cut
 * leaves any. What a symbolic link points to is replaced, not the link; what is replaced keeps its mode.
 *
 * @param mode of the file, whatever stands there; without it, of a new one 0640: its readers are named by its group
 * @param plain take no symbolic link for the file, whose name nobody chose
 * @param last what is looked at right before the draft takes its place: when it throws, what was there stays
 * @throws ZenError `failed` when it cannot be written, or what stands there is no file; what was there stays
 */
export async function writePage(
  file: string,
  html: string | Uint8Array,
  options: { mode?: number | undefined; plain?: boolean; last?: () => void } = {},
): Promise<void> {
  let draft: string | undefined;
  try {
    const place = options.plain
      ? join(await findPlace(dirname(file)), basename(file))
      : await findPlace(file);
    const folder = dirname(place);
    const kept = await readMode(place);
    const mode = options.mode ?? kept ?? 0o640;
    await mkdir(folder, { recursive: true });
    const name = `${place}.${randomBytes(8).toString('hex')}.tmp`;
    const handle = await open(name, 'wx', 0o600); // follows no link, and takes nothing that is there
    draft = name;
    try {
      await handle.writeFile(html);
      await handle.chmod(mode); // past the umask
      await handle.sync();
    } finally {
      await handle.close();
    }
    options.last?.();
    await rename(draft, place);
    draft = undefined;
    await syncFolder(folder);
    await sweep(folder, (name) => name === basename(place)).catch(() => undefined);
  } catch (error) {
    if (draft !== undefined) await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof ZenError) throw error;
    throw new ZenError('failed', `Cannot write ${file}: ${reasonOf(error)}.`, { cause: error });
  }
}

/** Makes the disk keep the new name. Some systems cannot do so for a folder (`fsync_fname_ext` in PostgreSQL's fd.c). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!/^(EISDIR|EACCES|EPERM|EBADF|EINVAL)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  }
}

/** The number of links that Linux follows (path_resolution(7)). */
const mostLinks = 40;

/**
 * Finds the place where a file lies, or would be made: symbolic links are followed, whether their target is there or not. Those that others may have
 * put into a folder of everybody's are not followed (`protected_symlinks` of proc_sys_fs(5), which not all systems have).
 */
export async function findPlace(file: string, left = mostLinks): Promise<string> {
  const path = resolve(file);
  if (dirname(path) === path) return path;
  const folder = await findPlace(dirname(path), left);
  const here = join(folder, basename(path));
  const found = await lstat(here).catch(unlessMissing);
  if (!found?.isSymbolicLink()) return here;
  if (isPlanted(found, await stat(folder)))
    throw new Error(`the link ${here} is another user's, in a folder that everybody may write`);
  if (left === 0) throw new Error('ELOOP: too many symbolic links');
  return findPlace(resolve(folder, await readlink(here)), left - 1);
}

/** The mode of the existing file; undefined if there is none, or if another user put it into a folder where everybody may write. */
async function readMode(place: string): Promise<number | undefined> {
  const found = await lstat(place).catch(unlessMissing);
  if (found?.isSymbolicLink()) throw new Error('it is a symbolic link');
  if (found?.isDirectory()) throw new Error('it is a folder');
  if (found && !found.isFile()) throw new Error('it is a device, a pipe or a socket, not a file');
  return found && !isPlanted(found, await stat(dirname(place))) ? found.mode & 0o777 : undefined;
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** Removes temporary files that killed runs left: only those older than a day, which nobody is working on. */
export async function sweep(folder: string, isSuch: (name: string) => boolean): Promise<void> {
  const drafts = (await readdir(folder)).filter((name) => {
    const [, made] = /^(.*)\.(?:\d+|[0-9a-f]{16})\.tmp$/s.exec(name) ?? [];
    return made !== undefined && isSuch(made);
  });
  for (const name of drafts) {
    const found = await lstat(join(folder, name));
    if (isDraft(found) && Date.now() - found.mtimeMs > dayMs) await rm(join(folder, name), { force: true });
  }
}

/** Tells whether zen may have written a file, by its owner. */
function isDraft(found: Stats): boolean {
  return found.isFile() && (process.getuid === undefined || found.uid === process.getuid());
}
