import { lstat, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { isPlanted } from '../files.ts';
import { sweep, writePage } from '../output.ts';
import { isoTime } from '../time.ts';

/**
 * Copies a page beside itself, under the last day that it shows (`zen-2026-11-22.html`), and keeps only so many such copies,
 * the latest ones. A list beside them (`.zen.html.archive`, a name on each line) says which it made: nothing else is removed.
 *
 * @param end the end of the page's period, Unix milliseconds
 * @param mode of the copy; without it, that of the page
 * @returns the copy's path
 */
export async function archive(file: string, end: number, keep: number, mode?: number): Promise<string> {
  const [folder, suffix] = [dirname(file), extname(file)];
  const stem = basename(file, suffix);
  const name = `${stem}-${isoTime(end - 1).slice(0, 10)}${suffix}`;
  const list = join(folder, `.${basename(file)}.archive`);
  const isCopy = (name: string) =>
    name.startsWith(`${stem}-`) && /^-\d{4}-\d\d-\d\d$/.test(basename(name, suffix).slice(stem.length));
  const own = { plain: true, mode: mode ?? (await stat(file)).mode & 0o777 };
  await writePage(join(folder, name), await readFile(file), own);
  const made: string[] = [];
  for (const each of new Set([...(await readList(list)), name].sort()))
    if (isCopy(each) && (await isFile(join(folder, each)))) made.push(each);
  await writePage(list, `${made.join('\n')}\n`, own);
  for (const old of made.slice(0, -keep)) await rm(join(folder, old), { force: true });
  await writePage(list, `${made.slice(-keep).join('\n')}\n`, own);
  await sweep(folder, isCopy).catch(() => undefined);
  return join(folder, name);
}

/** The names that zen wrote there; none if another user may have put the list there. */
async function readList(list: string): Promise<string[]> {
  const isOwn = (await isFile(list)) && !isPlanted(await lstat(list), await stat(dirname(list)));
  return isOwn ? (await readFile(list, 'utf8')).split('\n') : [];
}

async function isFile(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true;
}
