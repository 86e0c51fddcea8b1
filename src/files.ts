import { readFileSync } from 'node:fs';
import type { Stats } from 'node:fs';

/** The folder of the installed package: `sql`, `templates` and `dist` lie in it. */
const root = new URL('..', import.meta.url);

/** The text of a file that ships with Zen, by its path in the package, such as `sql/aggregate/visits/fill.sql`. */
export function readShipped(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** The statement in `sql/<name>.sql`. Each file holds one: a driver cannot run two with parameters. */
export function sql(name: string): string {
  return readShipped(`sql/${name}.sql`);
}

/** The version in package.json. */
export function version(): string {
  return (JSON.parse(readShipped('package.json')) as { version: string }).version;
}

/** Whether another user may have put something there: it is of neither this one nor the folder's owner, and everybody may write. */
export function isPlanted(found: Stats, folder: Stats): boolean {
  return (folder.mode & 0o002) !== 0 && ![folder.uid, process.getuid?.() ?? found.uid].includes(found.uid);
}
