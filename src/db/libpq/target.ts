import type { Environment } from '../../config.ts';
import { ZenError } from '../../errors.ts';
import { findPassword } from './passfile.ts';
import { readAddress } from './url.ts';
import type { ConnInfo } from './url.ts';
import { resolveTls } from './tls.ts';
import type { Tls } from './tls.ts';

/** One attempt to reach a server. */
export interface Attempt {
  place: ConnInfo;
  password: string | undefined;
  /** The URL's parameters that are not libpq's own. */
  settings: URLSearchParams;
  /** One after the other, until the server lets one in. */
  tls: Tls[];
  /** `sslmode=disable` was asked for: a password may go in clear text, wherever the server is. */
  plain: boolean;
  /** The kind of server that will do. */
  wanted: SessionKind;
  /** Seconds. */
  patience: number;
  /** A sentence to add when there is no way in. */
  hint: string;
}

/** Of `target_session_attrs` (PostgreSQL's documentation, 34.1.2). */
const kinds = ['any', 'read-write', 'read-only', 'primary', 'standby'] as const;
export type SessionKind = (typeof kinds)[number];

/**
 * Reads a URL as libpq does (PostgreSQL's documentation, 34.1.2 and 34.16): a password comes from the URL, PGPASSWORD, or the
 * password file; TLS from `sslmode` and `sslrootcert`, PGSSLMODE and PGSSLROOTCERT. There is one for each host, to be tried in
 * this order.
 *
 * @throws ZenError `usage` for what is no URL, or a value that is none of a parameter's; it does not quote the URL, which may
 *   hold a password
 */
export async function readAttempts(text: string, env: Environment): Promise<[Attempt, ...Attempt[]]> {
  const { places, own, sslpassword, settings, ...address } = readAddress(text, env);
  const password = address.password || env.PGPASSWORD || undefined;
  const wanted = readKinds(own.target_session_attrs || 'any');
  const patience = readPatience(own.connect_timeout || '10');
  const attempt = async (place: ConnInfo): Promise<Attempt> => {
    const tls = await resolveTls({ ...own, sslpassword }, place.host, env);
    const found = password ? { password, hint: '' } : await findPassword(own.passfile, place, env);
    const plain = own.sslmode === 'disable';
    const { hint } = found;
    return { place, password: found.password, settings, tls, plain, wanted: 'any', patience, hint };
  };
  const [first, ...others] = places;
  const attempts = [await attempt(first), ...(await Promise.all(others.map(attempt)))] as const;
  const [best, ...next] = wanted.flatMap((kind) => attempts.map((each) => ({ ...each, wanted: kind })));
  return [best ?? attempts[0], ...next];
}

/** Reads the kind of server to look for at all hosts, and the next best. */
function readKinds(text: string): SessionKind[] {
  if (text === 'prefer-standby') return ['standby', 'any'];
  const wanted = kinds.find((kind) => kind === text);
  if (wanted) return [wanted];
  const remedy = `use ${kinds.join(', ')} or prefer-standby`;
  throw new ZenError('usage', `“${text}” is not a value of target_session_attrs: ${remedy}.`);
}

function readPatience(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new ZenError(
    'usage',
    `“${text}” is not a connect_timeout: give whole seconds, or 0 to wait for ever.`,
  );
}
