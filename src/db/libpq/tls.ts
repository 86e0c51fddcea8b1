import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { Environment } from '../../config.ts';
import { messageOf, ZenError } from '../../errors.ts';
import { findInHome } from './home.ts';

/** As the driver takes it; `prefer` goes on without where the server has no TLS. */
export type Tls = false | 'prefer' | ConnectionOptions;

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof modes)[number];

/** The TLS parameters of a URL; absent is ''. */
type TlsParameters = Record<'sslmode' | 'sslrootcert' | 'sslcert' | 'sslkey' | 'sslpassword', string>;

/**
 * Lists the ways of TLS that libpq would try, in its order (PostgreSQL's documentation, 34.19): without a mode, `prefer`; `require` with a root
 * certificate is `verify-ca`; `system` stands for the certificates that come with Node, and is always `verify-full`. A socket
 * on this machine has no TLS. Unlike there, a client certificate that is not named is looked for from `require` on, and
 * `prefer` with one that is does without it only where the server wants it so.
 *
 * @param host a name, an address, or the folder of a socket
 * @throws ZenError `usage` for another mode, or a certificate or key that cannot be read
 */
export async function resolveTls(own: TlsParameters, host: string, env: Environment): Promise<Tls[]> {
  if (host.startsWith('/')) return [false];
  const file = own.sslrootcert || undefined;
  const wanted = own.sslmode || (file === 'system' ? 'verify-full' : 'prefer');
  if (!isMode(wanted)) throw new ZenError('usage', `“${wanted}” is not an sslmode: use ${modes.join(', ')}.`);
  if (file === 'system' && wanted !== 'verify-full')
    throw new ZenError('usage', `sslmode ${wanted} is too weak for sslrootcert=system: use verify-full.`);
  const certificates = await readRoot(wanted, file, env);
  const client = await readClient(wanted, own, env);
  const checked = { ...certificates, ...client, rejectUnauthorized: true };
  const identity = { checkServerIdentity: (_: string, own: Certificate) => checkServerIdentity(host, own) };
  const unchecked = { ...client, rejectUnauthorized: false };
  return {
    disable: [false as const],
    allow: [false as const, unchecked],
    prefer: [client ? unchecked : ('prefer' as const), false as const],
    require: [certificates.ca ? { ...checked, ...anyone } : unchecked],
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
    const ca = await readFile(path ?? '', 'utf8');
    if (!isPem(ca)) throw new Error('it is not in PEM');
    return { ca };
  } catch (error) {
    if (mode === 'require' && (path === undefined || !existsSync(path))) return {};
    const why = `sslmode ${mode} needs the root certificate ${path ?? '~/.postgresql/root.crt'}, which cannot be read`;
    throw new ZenError('usage', `${why}. Name another: sslrootcert=<file>, or PGSSLROOTCERT.`, {
      cause: error,
    });
  }
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

/** By what a server may know who comes: a certificate and its key that are named, or libpq's own. */
async function readClient(
  mode: Mode,
  own: TlsParameters,
  env: Environment,
): Promise<{ cert: string; key: string; passphrase?: string } | undefined> {
  const named = own.sslcert;
  if (mode === 'disable' || (!named && ['allow', 'prefer'].includes(mode))) return undefined;
  const path = named || findInHome('.postgresql/postgresql.crt', env);
  if (!path || !(named || existsSync(path))) return undefined;
  const keyPath = own.sslkey || findInHome('.postgresql/postgresql.key', env);
  const client = {
    cert: await readNamed(path, 'sslcert'),
    key: await readNamed(keyPath, 'sslkey'),
    ...(own.sslpassword && { passphrase: own.sslpassword }),
  };
  try {
    createSecureContext(client); // the driver would throw where nobody listens
  } catch (error) {
    const why = `The certificate ${path} and the key ${keyPath} cannot be used (${messageOf(error)})`;
    throw new ZenError('usage', `${why}: they must be in PEM, belong together, and have their sslpassword.`, {
      cause: error,
    });
  }
  return client;
}

async function readNamed(path = '', parameter: 'sslcert' | 'sslkey'): Promise<string> {
  try {
    if (parameter === 'sslkey') await requirePrivateKey(path);
    const text = await readFile(path, 'utf8');
    if (isPem(text)) return text;
    throw new Error('it is not in PEM');
  } catch (error) {
    if (error instanceof ZenError) throw error;
    const remedy = `Name another: ${parameter}=<file>, or PG${parameter.toUpperCase()}`;
    throw new ZenError('usage', `The client's ${parameter} ${path} cannot be read. ${remedy}.`, {
      cause: error,
    });
  }
}

/** Refuses a key that others may read, as libpq does; the group may read a key of root. */
async function requirePrivateKey(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  if (process.platform === 'win32' || !(mode & (uid === 0 ? 0o037 : 0o077))) return;
  throw new ZenError(
    'usage',
    `The client's sslkey ${path} is not used, because others may read it: run chmod 600 on it.`,
  );
}
