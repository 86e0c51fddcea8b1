import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { sweep, writePage } from '../output.ts';
import { isoTime } from '../time.ts';

/**
 * Copies a page beside itself, under the last day that it shows (`zen-2026-11-22.html`), and keeps only so many such copies,
 * the latest ones.
 *
 * @param end the end of the page's period, Unix milliseconds
 * @returns the copy's path
 */
export async function archive(file: string, end: number, keep: number): Promise<string> {
  const [folder, suffix] = [dirname(file), extname(file)];
  const stem = basename(file, suffix);
  const copy = join(folder, `${stem}-${isoTime(end - 1).slice(0, 10)}${suffix}`);
  const { mode } = await stat(file);
  await writePage(copy, await readFile(file), { mode: mode & 0o777 });
  const isCopy = (name: string) =>
    name.startsWith(`${stem}-`) && /^-\d{4}-\d\d-\d\d$/.test(basename(name, suffix).slice(stem.length));
  await sweep(folder, isCopy).catch(() => undefined);
  const dated = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => isCopy(entry.name) && !entry.isDirectory())
    .map(({ name }) => name);
  const old = dated.sort().slice(0, -keep);
  for (const name of old) await rm(join(folder, name), { force: true });
  return copy;
}
