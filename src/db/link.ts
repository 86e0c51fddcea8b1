import type { Environment } from '../config.ts';
import { findPassword } from './passfile.ts';
import { readAddress } from './place.ts';
import type { Place } from './place.ts';
import { resolveTls } from './tls.ts';
import type { Tls } from './tls.ts';

/** How to reach a server. */
export interface Link {
  place: Place;
  password: string | undefined;
  /** The URL's parameters that are not libpq's own. */
  settings: URLSearchParams;
  /** One after the other, until the server lets one in. */
  tls: Tls[];
  /** What to add when there is no way in. */
  hint: string;
}

/**
 * Reads a URL as libpq does (PostgreSQL's documentation, 34.1.2 and 34.16): a password comes from the URL, PGPASSWORD, or the
 * password file; TLS from `sslmode` and `sslrootcert`, PGSSLMODE and PGSSLROOTCERT. There is one for each host, to be tried in
 * this order.
 *
 * @throws ZenError `usage` for what is no URL, or an sslmode that is none; it does not quote the URL, which may hold a password
 */
export async function readLinks(text: string, env: Environment): Promise<[Link, ...Link[]]> {
  const { places, own, settings, ...address } = readAddress(text, env);
  const password = address.password || env.PGPASSWORD || undefined;
  const link = async (place: Place): Promise<Link> => {
    const tls = await resolveTls(own.sslmode, own.sslrootcert, place.host, env);
    const found = password ? { password, hint: '' } : await findPassword(own.passfile, place, env);
    return { place, password: found.password, settings, tls, hint: found.hint };
  };
  const [first, ...others] = places;
  return [await link(first), ...(await Promise.all(others.map(link)))];
}
