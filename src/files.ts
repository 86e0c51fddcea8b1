import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the installed package: `sql`, `templates` and `dist` lie in it. */
const root = new URL('..', import.meta.url);

/** The folders that a project may add files to, with the extensions of their files. No checks ship with Zen. */
export const extensible = {
  'sql/aggregates': '.sql',
  'templates/charts': '.vl.json',
  'templates/locales': '.json',
  checks: '.sql',
} as const;

type Extensible = keyof typeof extensible;

let project: string | undefined;

/** The files that were read, by folder. */
const read = new Map<Extensible, Extension[]>();

/** Texts of files that only a project may have, by path; undefined for those that it lacks. */
const readTexts = new Map<string, string | undefined>();

/** Lets the files of a project's folder override those that ship with Zen; without a folder, none. */
export function useProject(folder: string | undefined): void {
  project = folder;
  read.clear();
  readTexts.clear();
}

/** The text of a file that ships with Zen, by its path in the package, such as `sql/log/window.sql`. */
export function readShipped(path: string): string {
  const text = shipped.get(path) ?? readFileSync(new URL(path, root), 'utf8');
  shipped.set(path, text);
  return text;
}

/** Files that were read, which do not change. */
const shipped = new Map<string, string>();

/** The full path of a file that ships with Zen. */
export function findShipped(path: string): string {
  return fileURLToPath(new URL(path, root));
}

/** The bytes of a file that ships with Zen, by its path in the package. */
export function readBytes(path: string): Buffer {
  const bytes = shippedBytes.get(path) ?? readFileSync(new URL(path, root));
  shippedBytes.set(path, bytes);
  return bytes;
}

const shippedBytes = new Map<string, Buffer>();

/** Lists the files in a folder of the package and below, by their paths in the package. */
export function listShipped(folder: string): string[] {
  const entries = readdirSync(new URL(`${folder}/`, root), { recursive: true, withFileTypes: true });
  const base = fileURLToPath(new URL(`${folder}/`, root));
  return entries
    .flatMap((entry) => (entry.isFile() ? relative(base, join(entry.parentPath, entry.name)) : []))
    .sort();
}

/** A file of a folder that a project may extend: the project's own, or the one that ships with Zen. */
export interface Extension {
  name: string;
  /** Its path, for messages: in the project's folder, or in the package. */
  path: string;
  /** Tells that it is of a project, also where one of that name ships. */
  isOwn: boolean;
  text: string;
}

/** Reads the files of a folder by name: a project's file overrides the shipped one of the same name. */
export function readExtensions(folder: Extensible): Extension[] {
  const found = read.get(folder) ?? readBoth(folder);
  read.set(folder, found);
  return found;
}

/** The text of a file that only a project may have, by its path in it. */
export function readOwn(path: string): string | undefined {
  if (project === undefined) return undefined;
  const file = join(project, path);
  if (!readTexts.has(path)) readTexts.set(path, existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  return readTexts.get(path);
}

function readBoth(folder: Extensible): Extension[] {
  const end = extensible[folder];
  const shipped = folder === 'checks' ? [] : list(folder, end);
  const own = project === undefined ? undefined : join(project, folder);
  const laid = own !== undefined && existsSync(own) ? namesIn(readdirSync(own), end) : [];
  return [...new Set([...shipped, ...laid])].sort().map((name) => {
    const file = `${name}${end}`;
    const isOwn = own !== undefined && laid.includes(name);
    const text = isOwn ? readFileSync(join(own, file), 'utf8') : readShipped(`${folder}/${file}`);
    return { name, path: `${folder}/${file}`, isOwn, text };
  });
}

/**
 * The statement in `sql/<name>.sql`. Each file holds one: a driver cannot run two with parameters. `:name` in it is the place of one of
 * `parts`, which are SQL.
 *
 * @throws Error for a place without a part
 */
export function sql(name: string, parts: Record<string, string> = {}): string {
  return fillSql(readShipped(`sql/${name}.sql`), parts);
}

/** A project's statement without its final semicolon, which comments may follow. */
export function trimStatement(text: string): string {
  return text
    .trim()
    .replace(/;[ \t]*(?:\r?\n[ \t]*(?:--.*)?)*$/, '')
    .trim();
}

/** Replaces each placeholder of a statement with its part. */
export function fillSql(statement: string, parts: Record<string, string>): string {
  return statement.replace(/(?<![:\w]):([a-z]+)\b/g, (_, part: string) => {
    const text = parts[part];
    if (text === undefined) throw new Error(`The statement lacks its part ${part}: ${statement}`);
    return text;
  });
}

/** The names of the statements in `sql/<folder>`, in their order. */
export function listSql(folder: string): string[] {
  return list(`sql/${folder}`, '.sql');
}

/** Returns the names of the files in a folder of the package, without their extensions. */
function list(folder: string, end: string): string[] {
  return namesIn(readdirSync(new URL(folder, root), { encoding: 'utf8' }), end);
}

function namesIn(files: readonly string[], end: string): string[] {
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

/** Tells whether another user may have put something there: it belongs to neither this user nor the folder's owner, and everybody may write. */
export function isPlanted(found: Stats, folder: Stats): boolean {
  return (folder.mode & 0o002) !== 0 && ![folder.uid, process.getuid?.() ?? found.uid].includes(found.uid);
}
