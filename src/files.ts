import { readdirSync, readFileSync } from 'node:fs';
import type { Stats } from 'node:fs';

/** The folder of the installed package: `sql`, `templates` and `dist` lie in it. */
const root = new URL('..', import.meta.url);

/** The text of a file that ships with Zen, by its path in the package, such as `sql/aggregates/visits.sql`. */
export function readShipped(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/**
 * The statement in `sql/<name>.sql`. Each file holds one: a driver cannot run two with parameters. `:name` in it is the place of one of
 * `parts`, which are SQL.
 *
 * @throws Error for a place without a part
 */
export function sql(name: string, parts: Record<string, string> = {}): string {
  return readShipped(`sql/${name}.sql`).replace(/(?<![:\w]):([a-z]+)\b/g, (_, part: string) => {
    const text = parts[part];
    if (text === undefined) throw new Error(`sql/${name}.sql lacks its part ${part}.`);
    return text;
  });
}

/** The names of the statements in `sql/<folder>`, in their order. */
export function listSql(folder: string): string[] {
  return list(`sql/${folder}`, '.sql');
}

/** The names of the charts. */
export function listCharts(): string[] {
  return list('templates/charts', '.vl.json');
}

/** The names of the files in a folder that end so. */
function list(folder: string, end: string): string[] {
  const files = readdirSync(new URL(folder, root), { encoding: 'utf8' });
  const names = files.flatMap((file) => (file.endsWith(end) ? file.slice(0, -end.length) : []));
  return names.filter((name) => /^\w+$/.test(name)).sort();
}

/** The table of an aggregate. */
export function tableOf(aggregate: string): string {
  return `dash_${aggregate}`;
}

/** The version in package.json. */
export function version(): string {
  return (JSON.parse(readShipped('package.json')) as { version: string }).version;
}

/** Tells whether another user may have put something there: it is of neither this one nor the folder's owner, and everybody may write. */
export function isPlanted(found: Stats, folder: Stats): boolean {
  return (folder.mode & 0o002) !== 0 && ![folder.uid, process.getuid?.() ?? found.uid].includes(found.uid);
}
