import { isIPv6 } from 'node:net';
import type { Environment } from '../../config.ts';
import { messageOf, ZenError } from '../../errors.ts';
import { findAccount } from './home.ts';
import { readService } from './service.ts';
import type { Service } from './service.ts';

/** A database of a server, and the role to be there. */
export interface ConnInfo {
  /** A name, an address, or the folder of a socket. */
  host: string;
  port: string;
  database: string;
  user: string;
}

/** The parts of a URL. */
export interface Address {
  /** One for each host. */
  places: [ConnInfo, ...ConnInfo[]];
  password: string;
  /** That of the client's key. */
  sslpassword: string;
  /** Other parameters of libpq's, from the URL, else from their variables; absent is ''. */
  own: Record<keyof typeof variables, string>;
  /** The parameters that are not libpq's: the driver sends it to the server as settings. */
  settings: URLSearchParams;
}

/** Parameters that have no variable, or may also stand in front of the others, which goes before a variable. */
const specialNames = ['host', 'port', 'user', 'password', 'dbname', 'sslpassword'] as const;

/** Those of them that may stand in front, which goes before a service. */
const placeNames: readonly string[] = ['host', 'port', 'user', 'password', 'dbname'];

/** The other parameters that zen supports, and libpq's variables for them. */
const variables = {
  passfile: 'PGPASSFILE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
};

/** Those that tune what libpq does by itself, or name the session, as zen does: they change nothing here. */
const tuning = [
  ...['application_name', 'fallback_application_name', 'client_encoding', 'load_balance_hosts', 'sslsni'],
  ...['keepalives', 'keepalives_count', 'keepalives_idle', 'keepalives_interval', 'tcp_user_timeout'],
  ...['gssdelegation', 'gsslib', 'krbsrvname', 'sslcompression'],
];

/** Parameters that lead elsewhere or ask for protection, and that zen does not support; and what the driver would take for one. */
const unheeded = [
  ...['hostaddr', 'replication', 'database', 'requirepeer', 'require_auth'],
  ...['sslcrl', 'sslcrldir', 'ssl_min_protocol_version', 'ssl_max_protocol_version'],
];

/** Parameters whose `require` asks for protection that zen cannot give. */
const demands = {
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
  sslcertmode: 'PGSSLCERTMODE',
};

/**
 * Reads a URL as libpq does (PostgreSQL's documentation, 34.1.1.2 and 34.1.1.3): its parameters go before what stands in front
 * of them, that before a service, that before the `PG*` variables. Unlike there, a password may have an `@` in it, and a
 * database's name may not.
 *
 * @throws ZenError `usage` for what is no URL, no port, or a demand that zen cannot meet; it does not quote the URL, which may
 *   hold a password
 */
export function readAddress(text: string, env: Environment): Address {
  const [front = '', query = ''] = text.split(/\?(.*)/s);
  const settings = new URLSearchParams(query);
  const read = (name: string) => settings.get(name) ?? '';
  const service = findService(read, env);
  for (const [name, value] of service)
    if (!placeNames.includes(name) && !read(name)) settings.set(name, value);
  const spare = (name: string, variable: string) => service.get(name) || env[variable] || '';
  const named = Object.fromEntries(specialNames.map((name) => [name, read(name)])) as Record<
    (typeof specialNames)[number],
    string
  >;
  const other = (from: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(from).map(([name, variable]) => [name, read(name) || env[variable] || '']),
    );
  const own = other(variables) as Address['own'];
  refuseRequired(other(demands));
  const strange = unheeded.find((name) => settings.has(name));
  if (strange)
    throw new ZenError(
      'usage',
      `Zen does not support the parameter ${strange}. Take it out of the database's ${service.has(strange) ? 'service' : 'URL'}.`,
    );
  for (const name of [
    ...['service', 'servicefile'],
    ...[...specialNames, ...Object.keys({ ...variables, ...demands }), ...tuning],
  ])
    settings.delete(name);
  const url = readFront(front);
  const user = named.user || url.user || spare('user', 'PGUSER') || findAccount()?.username || '';
  const database = named.dbname || url.database || spare('dbname', 'PGDATABASE') || user;
  const hosts = (named.host || url.hosts || spare('host', 'PGHOST')).split(',');
  const ports = (named.port || url.ports || spare('port', 'PGPORT')).split(',');
  if (ports.length > 1 && ports.length !== hosts.length) {
    const many = `There are ${ports.length} ports for ${hosts.length} hosts`;
    throw new ZenError('usage', `${many}: give each its own, or one for all.`);
  }
  const at = (index: number, host = '') => {
    const port = ports[ports.length > 1 ? index : 0] || '5432';
    return { host: host || 'localhost', port: requirePort(port), database, user };
  };
  const [first, ...others] = hosts;
  const places: Address['places'] = [at(0, first), ...others.map((host, index) => at(index + 1, host))];
  const { password, sslpassword } = named;
  return {
    places,
    password: password || url.password || service.get('password') || '',
    sslpassword,
    own,
    settings,
  };
}

function findService(read: (name: string) => string, env: Environment): Service {
  const name = read('service') || env.PGSERVICE;
  return name ? readService(name, read('servicefile') || env.PGSERVICEFILE, env) : new Map<string, string>();
}

/** Reads the part of a URL before its parameters; absent is ''. */
function readFront(front: string): Record<'user' | 'password' | 'hosts' | 'ports' | 'database', string> {
  try {
    const form = /^postgres(?:ql)?:\/\/(?:([^:/@]*)(?::([^/]*))?@)?([^/@]*)(?:\/([^@]*))?$/i;
    const [, user, password, list = '', database] = requireMatch(form, /#|%00/.test(front) ? '' : front);
    const hosts = list
      .split(',')
      .map((host) => requireMatch(/^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d*))?$/, host));
    return {
      ...{ user: unescapePart(user), password: unescapePart(password), database: unescapePart(database) },
      hosts: hosts.map(([, address, name]) => unescapePart(address ?? name)).join(','),
      ports: hosts.map(([, , , port]) => port ?? '').join(','),
    };
  } catch (error) {
    const why = `The database's URL cannot be read (${messageOf(error)})`;
    const remedy = 'Write it as postgres://user@host:5432/database, with %-escapes for / # % @ in a name';
    throw new ZenError('usage', `${why}. ${remedy}.`);
  }
}

function refuseRequired(asked: Record<string, string>): void {
  const [name] = Object.entries(asked).find(([, value]) => value === 'require') ?? [];
  if (name === undefined) return;
  const remedy = 'Ask for sslmode=verify-full instead';
  throw new ZenError('usage', `Zen does not support ${name}=require. ${remedy}.`);
}

function requirePort(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65536) return text;
  const remedy = 'write it in the URL, or in PGPORT, as a whole number from 1 to 65535';
  throw new ZenError('usage', `“${text}” is not a port: ${remedy}.`);
}

function requireMatch(form: RegExp, text: string): (string | undefined)[] {
  const found = form.exec(text);
  if (!found) throw new Error('Invalid URL');
  return found;
}

function unescapePart(text = ''): string {
  return decodeURIComponent(text);
}

/** A URL that leads there, without a password. */
export function writeUrl(places: ConnInfo[]): string {
  const hosts = places.map(
    ({ host, port }) => `${isIPv6(host) ? `[${host.replace('%', '%25')}]` : escape(host)}:${port}`,
  );
  const { user = '', database = '' } = places[0] ?? {};
  return `postgres://${escape(user)}@${hosts.join(',')}/${escape(database)}`;
}

/** Only what a URL would take for something else: names stay legible. */
function escape(name: string): string {
  return name.replaceAll(/[\s\p{Cc}%/?#@:,[\]]/gu, encodeURIComponent);
}
