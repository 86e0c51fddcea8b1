import { userInfo } from 'node:os';
import { messageOf, ZenError } from '../errors.ts';
import type { Environment } from '../config.ts';
import { findPassword } from './passfile.ts';
import { resolveTls } from './tls.ts';
import type { Tls } from './tls.ts';

/** How to reach a server. */
export interface Link {
  /** Without the parameters that are libpq's own. */
  url: string;
  /** What those say, and the password that was found, as the driver's options. */
  options: { host?: string; port?: number; user?: string; database: string; pass?: string };
  /** One after the other, until the server lets one in. */
  tls: Tls[];
  /** What to add when there is no way in. */
  hint: string;
}

/** Parameters of libpq's URLs that the driver would send to the server as settings. */
const known = ['host', 'port', 'user', 'password', 'dbname', 'passfile', 'sslmode', 'sslrootcert'];

/**
 * Reads a URL as libpq does (PostgreSQL's documentation, 34.1.2 and 34.16): a password comes from the URL, PGPASSWORD, or the
 * password file; TLS from `sslmode` and `sslrootcert`, PGSSLMODE and PGSSLROOTCERT.
 *
 * @throws ZenError `usage` for what is no URL, or an sslmode that is none; it does not quote the URL, which may hold a password
 */
export async function readLink(text: string, env: Environment): Promise<Link> {
  const [front = '', query = ''] = text.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const given = new Map(known.map((name) => [name, parameters.get(name) ?? undefined]));
  for (const name of known) parameters.delete(name);
  const url = parameters.size > 0 ? `${front}?${parameters.toString()}` : front;
  const { hasPassword, ...place } = readPlace(front, given, env);
  const tls = await resolveTls(given.get('sslmode'), given.get('sslrootcert'), place.host, env);
  const pass = given.get('password') || (hasPassword ? undefined : env.PGPASSWORD);
  const found =
    pass || hasPassword
      ? { password: pass, hint: '' }
      : await findPassword(given.get('passfile'), place, env);
  const [host, port, user] = ['host', 'port', 'user'].map((name) => given.get(name));
  const { database } = place; // the driver would take the URL's with its %-escapes
  const options = {
    ...(host && { host }),
    ...(port && { port: Number(port) }),
    ...(user && { user }),
    database,
    ...(found.password && { pass: found.password }),
  };
  return { url, options, tls, hint: found.hint };
}

/** What a line of the password file is looked up by. */
export interface Place {
  host: string;
  port: string;
  database: string;
  user: string;
}

function readPlace(
  front: string,
  given: Map<string, string | undefined>,
  env: Environment,
): Place & { hasPassword: boolean } {
  try {
    // Of several hosts, the first: a URL of this kind has only one.
    const url = new URL(front.replace(/(@|\/\/)([^/@,]*),[^/@]*(?=\/|$)/, '$1$2'));
    const user = given.get('user') || decodeURIComponent(url.username) || env.PGUSER || userInfo().username;
    const path = decodeURIComponent(url.pathname.slice(1));
    return {
      host: given.get('host') || decodeURIComponent(url.hostname) || env.PGHOST || 'localhost',
      port: given.get('port') || url.port || env.PGPORT || '5432',
      database: given.get('dbname') || path || env.PGDATABASE || user,
      user,
      hasPassword: url.password !== '',
    };
  } catch (error) {
    const why = `The database's URL cannot be read (${messageOf(error).split(':')[0] ?? ''})`;
    const remedy = 'Write it as postgres://user@host:5432/database, with %-escapes for / # % @ in a name';
    throw new ZenError('usage', `${why}. ${remedy}.`);
  }
}
