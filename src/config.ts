import { resolve } from 'node:path';
import { ZenError } from './errors.ts';

/** Where the log and the aggregates live. */
export type Target = { kind: 'server'; url: string } | { kind: 'embedded'; folder: string };

export type Environment = Record<string, string | undefined>;

/** The process's environment. Nothing else in zen reads it, except commander, for the options that have a `ZEN_*` variable. */
export function environment(): Environment {
  return process.env;
}

const libpq = ['PGSERVICE', 'PGHOST', 'PGPORT', 'PGDATABASE', 'PGUSER'];

/** The start of what libpq takes, and zen does not: `host=localhost dbname=log`. It would be taken for a folder. */
const connectionString = /^\s*(host(addr)?|port|dbname|user|password|service|sslmode)\s*=/i;

/** Tells whether an environment names a database, in any of the ways of `resolveTarget`. */
export function namesDatabase(env: Environment): boolean {
  return ['ZEN_DATABASE_URL', 'DATABASE_URL', ...libpq].some((name) => env[name]);
}

/** Hides the password of each URL in a text. An unescaped password may contain an `@` or anything else. */
export function hidePassword(text: string): string {
  return text
    .replace(/([?&](?:ssl)?password=)[^&]*/gi, '$1***')
    .replace(/(postgres(?:ql)?:\/\/[^:@/?]*:).*(?=@)/gis, '$1***');
}

/**
 * Chooses the database: the `--database` flag, `ZEN_DATABASE_URL`, `DATABASE_URL`, libpq's `PG*` variables, else
 * the embedded database in `.zen` under the current folder. An empty value counts as absent.
 *
 * @throws ZenError `usage` for a URL of another kind of database
 */
export function resolveTarget(flag: string | undefined, env: Environment): Target {
  const named = flag || env.ZEN_DATABASE_URL || env.DATABASE_URL;
  const value = named || (libpq.some((name) => env[name]) ? 'postgres://' : '.zen');
  if (/^postgres(ql)?:\/\//i.test(value)) return { kind: 'server', url: value };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(value)?.[1];
  if (/^\s*postgres(ql)?:/i.test(value) || connectionString.test(value))
    throw new ZenError(
      'usage',
      'The database’s URL cannot be read. Write it as postgres://user@host:5432/database.',
    );
  if (scheme) {
    throw new ZenError(
      'usage',
      `Zen cannot use a ${scheme}:// database: give a postgres:// URL, or a folder for the embedded database.`,
    );
  }
  return { kind: 'embedded', folder: resolve(value) };
}
