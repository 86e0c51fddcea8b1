import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../config.ts';
import { reasonOf, shorten, ZenError } from '../../errors.ts';
import { findInHome } from './home.ts';

/** A service: names of parameters and their values. */
export type Service = ReadonlyMap<string, string>;

/**
 * Reads a service as libpq does (PostgreSQL's documentation, 34.17): from the file that is named, else from ~/.pg_service.conf;
 * where that lacks it, from pg_service.conf in PGSYSCONFDIR. Unlike there, no other folder is the system's.
 *
 * @param named the file: `servicefile`, or PGSERVICEFILE
 * @throws ZenError `usage` for a file that cannot be read, and for a service that is in none
 */
export function readService(name: string, named: string | undefined, env: Environment): Service {
  const own = named || findInHome('.pg_service.conf', env);
  const shared = env.PGSYSCONFDIR && join(env.PGSYSCONFDIR, 'pg_service.conf');
  const files = [own, shared].flatMap((file) => (file && (file === named || existsSync(file)) ? file : []));
  const listed = new Set<string>();
  for (const file of files) {
    const { service, names } = readFile(file, name);
    if (service) return service;
    for (const each of names) listed.add(each);
  }
  const held = listed.size > 0 ? `There are ${shorten([...listed].join(', '), 200)}` : 'It names none';
  const why =
    files.length > 0
      ? `There is no service “${shorten(name, 60)}” in ${files.join(' or ')}. ${held}`
      : `There is no file of services, and so no “${shorten(name, 60)}”. Write ${own ?? '~/.pg_service.conf'}, or name another`;
  throw new ZenError('usage', `${why}: see PGSERVICE and PGSERVICEFILE.`);
}

/** Reads a service, and the names of all. Of two with the same name, and of two values of a parameter, the first holds. */
function readFile(file: string, wanted: string): { names: string[]; service?: Service } {
  const names: string[] = [];
  const service = new Map<string, string>();
  for (const [at, text] of readText(file).split('\n').entries()) {
    const line = text.trim();
    const name = /^\[(.*?)\]/.exec(line)?.[1];
    if (name !== undefined) names.push(name);
    if (name !== undefined || line === '' || line.startsWith('#') || names.at(-1) !== wanted) continue;
    if (names.indexOf(wanted) < names.length - 1) break;
    const [, parameter, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (parameter === undefined || value === undefined || parameter === 'service') {
      const remedy = 'Write each parameter as host=db.example.com, without spaces';
      throw new ZenError('usage', `${file}, line ${at + 1}: this is no parameter of a service. ${remedy}.`);
    }
    if (!service.has(parameter)) service.set(parameter, value);
  }
  return { names, ...(names.includes(wanted) && { service }) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ZenError('usage', `The file of services ${file} cannot be read: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}
