import { readFile } from 'node:fs/promises';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { Environment } from '../config.ts';
import { ZenError } from '../errors.ts';
import { findInHome } from './account.ts';

/** As the driver takes it; `prefer` goes on without where the server has no TLS. */
export type Tls = false | 'prefer' | ConnectionOptions;

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof modes)[number];

/**
 * What libpq would try, in its order (PostgreSQL's documentation, 34.19): without a mode, `prefer`; `require` with a root
 * certificate is `verify-ca`; `system` stands for the certificates that come with Node, and is always `verify-full`. A socket
 * on this machine has no TLS.
 *
 * @param host a name, an address, or the folder of a socket
 * @throws ZenError `usage` for another mode, or a root certificate that cannot be read
 */
export async function resolveTls(
  mode: string | undefined,
  root: string | undefined,
  host: string,
  env: Environment,
): Promise<Tls[]> {
  if (host.startsWith('/')) return [false];
  const file = root || env.PGSSLROOTCERT || undefined;
  const wanted = mode || env.PGSSLMODE || (file === 'system' ? 'verify-full' : 'prefer');
  if (!isMode(wanted)) throw new ZenError('usage', `“${wanted}” is not an sslmode: use ${modes.join(', ')}.`);
  if (file === 'system' && wanted !== 'verify-full')
    throw new ZenError('usage', `sslmode ${wanted} is too weak for sslrootcert=system: use verify-full.`);
  const certificates = await readRoot(wanted, file, env);
  const checked = { ...certificates, rejectUnauthorized: true };
  const identity = { checkServerIdentity: (_: string, own: Certificate) => checkServerIdentity(host, own) };
  const loose = certificates.ca ? { ...checked, ...anyone } : { rejectUnauthorized: false };
  return {
    disable: [false as const],
    allow: [false as const, { rejectUnauthorized: false }],
    prefer: ['prefer' as const, false as const],
    require: [loose],
    'verify-ca': [{ ...checked, ...anyone }],
    'verify-full': [{ ...checked, ...identity }],
  }[wanted];
}

type Certificate = Parameters<typeof checkServerIdentity>[1];

/** Signed by the right authority, whatever its name. */
const anyone = { checkServerIdentity: () => undefined };

function isMode(text: string): text is Mode {
  return (modes as readonly string[]).includes(text);
}

/** The certificates to trust: of a file that is named, or of libpq's own, which only `verify-*` cannot do without. */
async function readRoot(mode: Mode, file: string | undefined, env: Environment): Promise<{ ca?: string }> {
  if (file === 'system' || ['disable', 'allow', 'prefer'].includes(mode)) return {};
  const path = file ?? findInHome('.postgresql/root.crt', env);
  try {
    return { ca: await readFile(path ?? '', 'utf8') };
  } catch (error) {
    if (mode === 'require') return {};
    const why = `sslmode ${mode} needs the root certificate ${path ?? '~/.postgresql/root.crt'}, which cannot be read`;
    throw new ZenError('usage', `${why}. Name another: sslrootcert=<file>, or PGSSLROOTCERT.`, {
      cause: error,
    });
  }
}
