import { readFile, stat } from 'node:fs/promises';
import type { Environment } from '../../config.ts';
import { findInHome } from './home.ts';
import type { ConnInfo } from './url.ts';

/**
 * Looks a password up in the password file (PostgreSQL's documentation, 34.16): `passfile`, PGPASSFILE, or ~/.pgpass. Like
 * libpq, does not read one that others may read; `hint` says so.
 */
export async function findPassword(
  named: string | undefined,
  place: ConnInfo,
  env: Environment,
): Promise<{ password?: string; hint: string }> {
  const path = named || findInHome('.pgpass', env);
  if (path === undefined) return { hint: '' };
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return { hint: '' };
  if (process.platform !== 'win32' && found.mode & 0o077)
    return { hint: ` The password file ${path} was not read, because others may: run chmod 600 on it.` };
  const lines = (await readFile(path, 'utf8').catch(() => '')).split(/\r?\n/);
  const password = lines.map((line) => matchLine(line, place)).find((word) => word !== undefined);
  return { ...(password !== undefined && { password }), hint: '' };
}

/** The password of a line `host:port:database:user:password` that is of this place; a backslash escapes. */
function matchLine(line: string, { host, port, database, user }: ConnInfo): string | undefined {
  if (line.startsWith('#')) return undefined;
  const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field = '']) => field);
  const wanted = [host.startsWith('/') ? 'localhost' : host, port, database, user];
  const isOurs = wanted.every((value, index) => fields[index] === '*' || plain(fields[index]) === value);
  return isOurs && fields.length > wanted.length ? plain(fields[wanted.length]) : undefined;
}

function plain(field = ''): string {
  return field.replaceAll(/\\(.)/g, '$1');
}
