import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import {
  copyFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { generate } from 'selfsigned';
import { main } from '../src/cli/main.ts';
import type { Streams } from '../src/cli/terminal.ts';
import { openServer } from '../src/db/server.ts';
import type { Database } from '../src/db/database.ts';
import { temporaryFolder } from './support/databases.ts';
import { startServer } from './support/postgres.ts';
import type { Server } from './support/postgres.ts';
import { call, start } from './support/zen.ts';

const password = 'Tr0ub4dor:\\&3 #ß';
const folder = temporaryFolder();
const passfile = join(folder, 'pgpass');
const log = join(folder, 'log.csv');
writeFileSync(log, 'ts,user_id,event,item_topic,source_topic,age_segment\n1569348000000,1,show,a,b,c\n');

let server: Server;
let db: Database;
let bare: URL;

/** The URL of the role that needs a password. */
function as({ secret = '', parameters = '' } = {}): string {
  const url = new URL(bare);
  url.password = encodeURIComponent(secret);
  return `${url.href}${parameters && `?${parameters}`}`;
}

const status = (url: string, env: Record<string, string> = {}) =>
  call(['status', '--json', '--database', url], { cwd: folder, env: { HOME: folder, ...env } });

beforeAll(async () => {
  server = await startServer();
  db = await openServer(server.url);
  const [{ data } = { data: '' }] = await db.query<{ data: string }>(
    "select current_setting('data_directory') as data",
  );
  await makeCertificates(data);
  await db.run(`create role guarded login password '${password}'`);
  await db.run('alter system set ssl = on');
  await db.run("alter system set ssl_ca_file = 'root.crt'");
  const lines = [
    'host all guarded all scram-sha-256',
    'hostssl all secure all trust',
    'hostnossl all bare all trust',
    'host all zen all trust',
    'hostssl all keyed all cert',
  ];
  // As the server itself sees its files: they belong to another user.
  const rules = lines.join('\n').replaceAll("'", "''");
  await db.run(`copy (select '${rules.replaceAll('\n', "' union all select '")}') to '${data}/pg_hba.conf'`);
  await db.run('create role secure login');
  await db.run('create role bare login');
  await db.run('create role keyed login');
  await db.query('select pg_reload_conf()');
  bare = new URL(server.url);
  bare.username = 'guarded';
  const { code } = await call(['restore', log, '--database', server.url], { cwd: folder });
  expect(code).toBe(0);
  await db.run('grant select on log_raw to public');
  await db.run('grant create on schema public to guarded');
  await db.run('alter default privileges for role guarded grant select on tables to public');
});

afterAll(async () => {
  await db.close();
  await server.stop();
});

/**
 * Two authorities, `root` and `other`, and certificates of each: `root`'s for a server named localhost and for a client named
 * keyed, `other`'s for such a client, too. The server's own go into its folder.
 */
async function makeCertificates(data: string): Promise<void> {
  const make = async (file: string, name: string, issuer?: string) => {
    const usage = { name: 'keyUsage', keyCertSign: true, critical: true } as const;
    const made = await generate([{ name: 'commonName', value: name }], {
      ...(issuer
        ? {
            ca: {
              key: readFileSync(join(folder, `${issuer}.key`), 'utf8'),
              cert: readFileSync(join(folder, `${issuer}.crt`), 'utf8'),
            },
            extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
          }
        : { extensions: [{ name: 'basicConstraints', cA: true, critical: true }, usage] }),
      algorithm: 'sha256',
    });
    writeFileSync(join(folder, `${file}.key`), made.private, { mode: 0o600 });
    writeFileSync(join(folder, `${file}.crt`), made.cert);
  };
  await make('root', 'root');
  await make('other', 'other');
  await make('server', 'localhost', 'root');
  await make('client', 'keyed', 'root');
  await make('stranger', 'keyed', 'other');
  const { uid, gid } = statSync(data);
  for (const name of ['server.key', 'server.crt', 'root.crt']) {
    writeFileSync(join(data, name), readFileSync(join(folder, name)), { mode: 0o600 });
    chownSync(join(data, name), uid, gid);
  }
}

/** Reads how the list of processes shows one. */
function showProcess(id: string): string {
  const file = `/proc/${id}/cmdline`; // where there is none, there is ps
  return existsSync(file)
    ? readFileSync(file, 'utf8').replaceAll('\0', ' ')
    : execFileSync('ps', ['-o', 'args=', '-p', id], { encoding: 'utf8' });
}

describe('a password', () => {
  const line = (host: string) =>
    `# a comment\n${host}:*:*:someone:wrong\n${host}:${bare.port}:*:guarded:${password.replace(/[\\:]/g, '\\$&')}\n`;
  const inFile = (mode = 0o600, host = '127.0.0.1') => {
    writeFileSync(passfile, line(host));
    chmodSync(passfile, mode);
  };

  test.each<[string, () => [url: string, env?: Record<string, string>]]>([
    ['the URL', () => [as({ secret: password })]],
    ['the URL, as a parameter', () => [as({ parameters: `password=${encodeURIComponent(password)}` })]],
    ['PGPASSWORD', () => [as(), { PGPASSWORD: password }]],
    ['the file of PGPASSFILE', () => [as(), { PGPASSFILE: passfile }]],
    ['the file that the URL names', () => [as({ parameters: `passfile=${passfile}` })]],
  ])('from %s lets in, and is told nobody', async (_, how) => {
    inFile();
    const { code, stdout, stderr } = await status(...how());
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ database: expect.stringContaining('guarded@127.0.0.1') });
    expect(stdout).not.toContain('Tr0ub4dor');
  });

  test('of ~/.pgpass lets in', async () => {
    writeFileSync(join(folder, '.pgpass'), line('*'), { mode: 0o600 });
    expect(await status(as())).toMatchObject({ code: 0 });
    writeFileSync(join(folder, '.pgpass'), line('another.host'), { mode: 0o600 });
    expect(await status(as())).toMatchObject({ code: 3 });
  });

  test('of the current folder is not taken for that of a home that is not named', async () => {
    writeFileSync(join(folder, '.pgpass'), line('*'), { mode: 0o600 });
    expect(await call(['status', '--database', as()], { cwd: folder })).toMatchObject({ code: 3 });
  });

  test('of a file that others may read is not used, and the sentence says so', async () => {
    inFile(0o640);
    const { code, stderr } = await status(as(), { PGPASSFILE: passfile });
    expect([code, stderr]).toEqual([
      3,
      expect.stringContaining(`${passfile} was not read, because others may: run chmod 600 on it.`),
    ]);
  });

  test.each<[string, (url: string) => string]>([
    ['is wrong', (url) => url],
    ['meets no server', (url) => url.replace(bare.port, '1')],
    ['stands in a URL that cannot be read', (url) => url.replace(bare.port, 'port')],
    ['is not escaped as it should be', (url) => url.replace('Wr0ng', 'Wr0ng/%zz#')],
  ])('that %s is in no error, not even with --debug', async (_, change) => {
    const url = change(as({ secret: 'Wr0ngW0rd' }));
    const { code, stdout, stderr } = await call(['status', '--debug', '--database', url], { cwd: folder });
    expect([code === 2 || code === 3, stdout]).toEqual([true, '']);
    expect(stdout + stderr).not.toContain('Wr0ng');
    expect(stderr).not.toContain('Unexpected');
  });

  test('of the command line leaves the list of processes, and is in no table and no page', async () => {
    const url = as({ secret: password });
    const page = join(folder, 'zen.html');
    await call(['aggregate', '--database', url], { cwd: folder });
    await call(['render', '--out', page, '--database', url], { cwd: folder });
    expect(readFileSync(page, 'utf8')).not.toContain('Tr0ub4dor');
    const rows = await db.query<{ line: string }>('select r::text as line from zen_runs as r');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('Tr0ub4dor');
    const list = await db.transaction(async (session) => {
      await session.run('lock table dash_visits in access exclusive mode');
      const { child, outcome } = start(['render', '--out', page, '--database', url], { cwd: folder });
      const working = 'select from pg_stat_activity where wait_event_type = $1 and query like $2';
      while ((await db.query(working, ['Lock', '%dash_visits%'])).length === 0);
      const shown = showProcess(String(child.pid));
      child.kill();
      return { shown, outcome };
    });
    await list.outcome;
    expect(list.shown).toContain('postgres://guarded:***@');
    expect(list.shown).not.toContain('Tr0ub4dor');
  });
});

test.each([
  'postgres://u:SECp@SECss@127.0.0.1:1/db',
  'postgresql://u:SEC/p@SECss@127.0.0.1:1/db',
  'postgres://u:SEC?p#SEC@127.0.0.1:1/db',
  'postgres://u:SEC@127.0.0.1:1/db?password=SEC@SEC',
  'postgres://u@127.0.0.1:1/db?password=SEC@SEC&user=u@u',
  'postgres://u:x@127.0.0.1:1/db?sslpassword=SEC',
])('of %s, nothing stays in the list of processes', async (url) => {
  const before = process.title;
  const ignored = new PassThrough().resume() as unknown;
  try {
    await main(['status', '--database', url], { stdout: ignored, stderr: ignored } as Streams);
    expect(process.title).toMatch(/^zen status --database postgres(ql)?:\/\/u[:@].*\*\*\*/);
    expect(process.title).not.toContain('SEC');
  } finally {
    process.title = before;
  }
});

describe('TLS', () => {
  /** Exit code of a role's `status`: `secure` gets in only with TLS, `bare` only without, `zen` either way. */
  const enter = async (role: string, host: string, parameters: string, env?: Record<string, string>) => {
    const url = new URL(server.url);
    url.username = role;
    url.hostname = host;
    const outcome = await status(`${url.href}?${parameters}`, env);
    if (!outcome.stderr.startsWith('{')) return outcome;
    const { error } = JSON.parse(outcome.stderr) as { error: string };
    return { ...outcome, stderr: `${error}\n` };
  };
  const root = join(folder, 'root.crt');

  test.each<[role: string, host: string, parameters: string, code: number]>([
    ['secure', '127.0.0.1', '', 0],
    ['bare', '127.0.0.1', '', 0],
    ['secure', '127.0.0.1', 'sslmode=disable', 3],
    ['bare', '127.0.0.1', 'sslmode=disable', 0],
    ['secure', '127.0.0.1', 'sslmode=allow', 0],
    ['bare', '127.0.0.1', 'sslmode=allow', 0],
    ['secure', '127.0.0.1', 'sslmode=prefer', 0],
    ['bare', '127.0.0.1', 'sslmode=prefer', 0],
    ['secure', '127.0.0.1', 'sslmode=require', 0],
    ['bare', '127.0.0.1', 'sslmode=require', 3],
    ['secure', '127.0.0.1', `sslmode=require&sslrootcert=${join(folder, 'other.crt')}`, 3],
    ['secure', '127.0.0.1', `sslmode=verify-ca&sslrootcert=${root}`, 0],
    ['secure', '127.0.0.1', `sslmode=verify-ca&sslrootcert=${join(folder, 'other.crt')}`, 3],
    ['secure', 'localhost', `sslmode=verify-full&sslrootcert=${root}`, 0],
    ['secure', '127.0.0.1', `sslmode=verify-full&sslrootcert=${root}`, 3],
    ['secure', 'localhost', 'sslrootcert=system', 3],
    ['secure', 'localhost', 'sslmode=require&sslrootcert=system', 2],
    ['secure', 'localhost', `sslmode=verify-full&sslrootcert=${join(folder, 'none.crt')}`, 2],
    ['secure', 'localhost', 'sslmode=verify-ca', 2],
    ['secure', 'localhost', `sslmode=require&sslrootcert=${folder}`, 2],
    ['secure', 'localhost', `sslmode=require&sslrootcert=${log}`, 2],
    ['secure', 'localhost', `sslmode=require&sslrootcert=${join(folder, 'none.crt')}`, 0],
    ['secure', 'localhost', 'sslmode=sometimes', 2],
  ])('%s at %s with %s ends with exit %i', async (role, host, parameters, code) => {
    const outcome = await enter(role, host, parameters);
    expect([outcome.code, outcome.stderr.startsWith('Unexpected')]).toEqual([code, false]);
    expect(outcome.stderr).toMatch(code === 0 ? /^$/ : /^\P{Cc}{20,400}\.\n$/u);
  });

  const client = (name: string, key = name) =>
    `sslcert=${join(folder, `${name}.crt`)}&sslkey=${join(folder, `${key}.key`)}`;

  test.each<[parameters: string, code: number]>([
    [client('client'), 0],
    [`sslmode=allow&${client('client')}`, 0],
    [`sslmode=verify-full&sslrootcert=${root}&${client('client')}`, 0],
    ['sslmode=require', 3],
    [`sslmode=disable&${client('client')}`, 3],
    [client('stranger'), 3],
    [client('server'), 3],
    [client('client', 'stranger'), 2],
    [client('none'), 2],
    [client('client', 'none'), 2],
    [`sslcert=${passfile}&sslkey=${join(folder, 'client.key')}`, 2],
  ])('lets in who has a certificate: with %s the exit is %i', async (parameters, code) => {
    writeFileSync(passfile, 'no certificate');
    const outcome = await enter('keyed', 'localhost', parameters);
    expect([outcome.code, outcome.stderr.startsWith('Unexpected')]).toEqual([code, false]);
    expect(outcome.stderr).toMatch(code === 0 ? /^$/ : /^\P{Cc}{20,400}\.\n$/u);
  });

  test('takes the certificate of PGSSLCERT and PGSSLKEY, or that of the home', async () => {
    const [cert, key] = [join(folder, 'client.crt'), join(folder, 'client.key')];
    const named = { PGSSLCERT: cert, PGSSLKEY: key };
    expect(await enter('keyed', 'localhost', '', named)).toMatchObject({ code: 0 });
    const HOME = join(folder, 'home');
    mkdirSync(join(HOME, '.postgresql'), { recursive: true });
    copyFileSync(cert, join(HOME, '.postgresql/postgresql.crt'));
    copyFileSync(key, join(HOME, '.postgresql/postgresql.key'));
    expect(await enter('keyed', 'localhost', 'sslmode=require', { HOME })).toMatchObject({ code: 0 });
  });

  test('takes no key that others may read, and one with a password only with that', async () => {
    const [open, locked] = [join(folder, 'open.key'), join(folder, 'locked.key')];
    const key = readFileSync(join(folder, 'client.key'), 'utf8');
    writeFileSync(open, key, { mode: 0o644 });
    expect(await enter('keyed', 'localhost', client('client', 'open'))).toMatchObject({
      code: 2,
      stderr: `The client's sslkey ${open} is not used, because others may read it: run chmod 600 on it.\n`,
    });
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'Tr0ub4dor' } as const;
    writeFileSync(locked, createPrivateKey(key).export(cipher), { mode: 0o600 });
    for (const [word, code] of [
      ['Tr0ub4dor', 0],
      ['Wr0ng', 2],
      ['', 2],
    ] as const) {
      const outcome = await enter('keyed', 'localhost', `${client('client', 'locked')}&sslpassword=${word}`);
      expect(outcome).toMatchObject({ code });
      expect(outcome.stderr).not.toMatch(/Unexpected|Wr0ng/);
    }
  });

  test('is what PGSSLMODE and PGSSLROOTCERT say, unless the URL says another', async () => {
    const env = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: root };
    expect(await enter('secure', 'localhost', '', env)).toMatchObject({ code: 0 });
    expect(await enter('secure', '127.0.0.1', '', env)).toMatchObject({ code: 3 });
    expect(await enter('secure', '127.0.0.1', 'sslmode=verify-ca', env)).toMatchObject({ code: 0 });
  });

  test('trusts no root certificate of the current folder, where HOME is not set', async () => {
    mkdirSync(join(folder, '.postgresql'));
    writeFileSync(join(folder, '.postgresql/root.crt'), readFileSync(root));
    const { code, stderr } = await enter('secure', 'localhost', 'sslmode=verify-ca', { HOME: '' });
    expect([2, 3]).toContain(code); // 3 where the user has one, which is of another authority
    expect(stderr).not.toContain('Unexpected');
  });

  test('with a certificate, too, is only preferred where nothing else is said', async () => {
    const url = `${process.env.ZEN_TEST_SERVER ?? ''}?${client('client')}`;
    expect((await status(url)).stderr).toContain('There is no table log_raw');
  });

  test('is asked of a server that has none: it is a sentence, and no socket is left for the process to wait for', async () => {
    const url = `${process.env.ZEN_TEST_SERVER ?? ''}?sslmode=require`;
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    const { code, stderr } = await status(url);
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(
        /^\{"error":"Cannot reach postgres:\P{Cc}+\.","failure":"unreachable","exit":3\}\n$/u,
      ),
    ]);
    for (let round = 0; round < 5; round++) await turn(); // what is destroyed closes in a later one
    expect(sockets()).toBe(before);
  });
});
