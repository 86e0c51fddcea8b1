import { chmod, mkdir, readdir, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, ZenError } from './errors.ts';
import { dayMs } from './time.ts';

/**
 * Writes a page, or a message about one, beside its place and renames it, so that a reader never finds half of it. What a
 * symbolic link points to is replaced, not the link; what is replaced keeps its mode.
 *
 * @param mode of a file that is new; without it, as the umask leaves it
 * @param last what is looked at right before the draft takes its place: when it throws, what was there stays
 * @throws ZenError `failed` when it cannot be written, or what stands there is no file; what was there stays
 */
export async function writePage(
  file: string,
  html: string | Uint8Array,
  options: { mode?: number; last?: () => void } = {},
): Promise<void> {
  let draft: string | undefined;
  try {
    const place = await findPlace(file);
    const mode = (await readMode(place)) ?? options.mode;
    draft = `${place}.${process.pid}.tmp`;
    await mkdir(dirname(place), { recursive: true });
    await writeFile(draft, html, { mode });
    if (mode !== undefined) await chmod(draft, mode); // past the umask
    options.last?.();
    await rename(draft, place);
    await sweep(dirname(place), (name) => name === basename(place)).catch(() => undefined);
  } catch (error) {
    if (draft !== undefined) await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof ZenError) throw error;
    throw new ZenError('failed', `Cannot write ${file}: ${messageOf(error)}.`, { cause: error });
  }
}

/** Where a file lies, or would be made: what symbolic links point to, whether that is there or not. */
export async function findPlace(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const target = await readlink(file).catch(() => undefined);
    return target === undefined ? file : findPlace(resolve(await realpath(dirname(file)), target));
  }
}

/** The mode of the file that stands there; undefined where nothing does. */
async function readMode(place: string): Promise<number | undefined> {
  const found = await stat(place).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found?.isDirectory()) throw new Error('it is a folder');
  if (found && !found.isFile()) throw new Error('it is a device, a pipe or a socket, not a file');
  return found && found.mode & 0o7777;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Removes the drafts that killed runs left of such files: those of a day ago, so that nobody is at work on them. */
export async function sweep(folder: string, isSuch: (name: string) => boolean): Promise<void> {
  const drafts = (await readdir(folder)).filter((name) => {
    const [, made] = /^(.*)\.\d+\.tmp$/s.exec(name) ?? [];
    return made !== undefined && isSuch(made);
  });
  for (const name of drafts) {
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > dayMs) await rm(join(folder, name), { force: true });
  }
}
