import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { openServer } from '../src/db/server.ts';
import { temporaryFolder } from './support/databases.ts';
import { startServer } from './support/postgres.ts';
import type { Server as Own } from './support/postgres.ts';
import { call } from './support/zen.ts';

const cwd = temporaryFolder();
const { port } = new URL(process.env.ZEN_TEST_SERVER ?? '');

/** Asks `status` about a place. An empty database has no log, which is told by a server alone. */
const status = async (url: string, env: Record<string, string> = {}) => {
  const { code, stderr } = await call(['status', '--database', url], { cwd, env });
  return [code, stderr];
};
const entered = [1, expect.stringContaining('There is no table log_raw')];

describe('the folder of a socket as host', () => {
  let socket: string;
  beforeAll(async () => {
    const db = await openServer(process.env.ZEN_TEST_SERVER ?? '');
    const [row] = await db.query<{ folder: string }>(
      "select current_setting('unix_socket_directories') as folder",
    );
    socket = row?.folder ?? '';
    await db.close();
  });

  test.each<[string, () => [url: string, env?: Record<string, string>]]>([
    ['the URL', () => [`postgres://zen@${encodeURIComponent(socket)}:${port}/postgres`]],
    ['a parameter', () => [`postgres://zen@/postgres?host=${socket}&port=${port}`]],
    ['PGHOST', () => ['postgres://zen@/postgres', { PGHOST: socket, PGPORT: port }]],
  ])('in %s leads there', async (_, how) => {
    expect(await status(...how())).toEqual(entered);
  });

  test('is told as it can be given', async () => {
    const url = `postgres://zen@${encodeURIComponent(socket)}:${port}/postgres`;
    const db = await openServer(url);
    expect(db.label).toBe(url);
    await db.close();
  });
});

describe('a service', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'services');
  const shared = join(folder, 'pg_service.conf');
  const text = [
    '# of the tests',
    ...['[mine]', 'host=localhost', `port=${port}`, '  dbname=postgres ', 'user=zen', 'user=second'],
    ...[
      '',
      '[away]',
      'host=none.invalid',
      'port=1',
      '[empty]',
      '[asking]',
      'hostaddr=127.0.0.1',
      '[mine]',
      'port=1',
    ],
  ];
  writeFileSync(file, text.join('\r\n'));
  writeFileSync(shared, `[theirs]\nhost=localhost\nport=${port}\ndbname=postgres\nuser=zen\n`);
  writeFileSync(join(folder, 'spaces'), '[mine]\nhost = localhost\n');
  const env = { PGSERVICEFILE: file };
  const ask = async (own: Record<string, string>, ...args: string[]) => {
    const { code, stderr } = await call(['status', ...args], { cwd: folder, env: { ...env, ...own } });
    return [code, stderr];
  };

  test.each<[string, Record<string, string>, string[]?]>([
    ['PGSERVICE', { PGSERVICE: 'mine' }],
    ['the URL', { PGSERVICE: 'none' }, ['--database', 'postgres://?service=mine']],
    [
      'the URL, with its file',
      { PGSERVICEFILE: '' },
      ['--database', `postgres://?service=mine&servicefile=${file}`],
    ],
    ['PGSERVICE, in the file of PGSYSCONFDIR', { PGSERVICE: 'theirs', PGSYSCONFDIR: folder }],
    ['PGSERVICE, before other variables', { PGSERVICE: 'mine', PGPORT: '1', PGHOST: 'none.invalid' }],
    [
      'PGSERVICE, after the URL',
      { PGSERVICE: 'away' },
      ['--database', `postgres://zen@localhost:${port}/postgres`],
    ],
  ])('of %s leads to its server', async (_, own, args = []) => {
    expect(await ask(own, ...args)).toEqual(entered);
  });

  test('leaves out what variables give', async () => {
    expect(await ask({ PGSERVICE: 'empty', PGHOST: 'localhost', PGPORT: port, PGDATABASE: 'postgres', PGUSER: 'zen' })).toEqual(entered); // prettier-ignore
  });

  test.each<[string, Record<string, string>, string]>([
    ['is not in its file', { PGSERVICE: 'my' }, `There is no service “my” in ${file}. There are mine, away, empty, asking: see PGSERVICE and PGSERVICEFILE.`], // prettier-ignore
    ['is in neither file', { PGSERVICE: 'my', PGSYSCONFDIR: folder }, `“my” in ${file} or ${shared}. There are mine, away, empty, asking, theirs: `], // prettier-ignore
    ['has no file', { PGSERVICE: 'my', PGSERVICEFILE: '', HOME: folder }, `There is no file of services, and so no “my”. Write ${folder}/.pg_service.conf, or name another: `], // prettier-ignore
    ['has a file that is not there', { PGSERVICE: 'my', PGSERVICEFILE: '/none' }, 'The file of services /none cannot be read: there is no such file'], // prettier-ignore
    ['is written with spaces', { PGSERVICE: 'mine', PGSERVICEFILE: join(folder, 'spaces') }, 'spaces, line 2: this is no parameter of a service. Write each parameter as host=db.example.com, without spaces.'], // prettier-ignore
    [
      'asks for what Zen has not',
      { PGSERVICE: 'asking' },
      "the parameter hostaddr. Take it out of the database's service.",
    ],
  ])('that %s is refused', async (_, own, said) => {
    expect(await ask(own)).toEqual([2, expect.stringContaining(said)]);
  });

  test('stays aside where a folder is named', async () => {
    expect(await ask({ PGSERVICE: 'none' }, '--database', '.zen')).toEqual([
      3,
      expect.stringContaining('There is no database at'),
    ]);
  });

  test.each(['service=mine', 'host=localhost dbname=postgres'])(
    'in a list of parameters is told: %s',
    async (list) => {
      expect(await ask({}, '--database', list)).toEqual([2, expect.stringContaining('The database’s URL cannot be read. Write it as postgres://user@host:5432/database.')]); // prettier-ignore
    },
  );
});

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

(hasIPv6 ? describe : describe.skip)('an IPv6 address', () => {
  let relay: Server;
  let own: string;
  beforeAll(async () => {
    relay = createServer((client) => {
      const server = connect(Number(port), '127.0.0.1');
      client.pipe(server).pipe(client);
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const)
        one.once('close', () => other.destroy());
    }).listen(0, '::1');
    await once(relay, 'listening');
    own = String((relay.address() as AddressInfo).port);
  });
  afterAll(() => {
    relay.close();
  });

  test.each<[string, () => [url: string, env?: Record<string, string>]]>([
    ['the URL', () => [`postgres://zen@[::1]:${own}/postgres`]],
    ['a parameter', () => [`postgres://zen@/postgres?host=::1&port=${own}`]],
    ['PGHOST', () => ['postgres://zen@/postgres', { PGHOST: '::1', PGPORT: own }]],
    [
      'PGHOST, behind another',
      () => ['postgres://zen@/postgres', { PGHOST: '127.0.0.1,::1', PGPORT: `1,${own}` }],
    ],
  ])('in %s leads there', async (_, how) => {
    expect(await status(...how())).toEqual(entered);
  });

  test('is told as it can be given', async () => {
    expect(await status('postgres://zen@/postgres?host=::1&port=1')).toEqual([
      3,
      expect.stringContaining('Cannot reach postgres://zen@[::1]:1/postgres: '),
    ]);
  });
});

describe('of several hosts', () => {
  test.each([
    ['the second', `127.0.0.1:1,localhost:${port}`, `localhost:${port}`],
    ['the first', `localhost:${port},127.0.0.1:1`, `localhost:${port}`],
  ])('%s is named when it is the one that is there', async (_, hosts, place) => {
    const db = await openServer(`postgres://zen@${hosts}/postgres`);
    expect(db.label).toBe(`postgres://zen@${place}/postgres`);
    await db.close();
  });

  test.each(['', '?sslmode=require'])('one that hangs up at once is none%s', async (parameters) => {
    const rude = createServer((client) => client.once('data', () => client.destroy())).listen(0, '127.0.0.1');
    await once(rude, 'listening');
    const own = `127.0.0.1:${(rude.address() as AddressInfo).port}`;
    const [code, said] = await status(`postgres://zen@${own}/postgres${parameters}`);
    expect([code, said]).toEqual([3, expect.stringMatching(/^Cannot reach \P{Cc}+\.\n$/u)]);
    if (parameters === '')
      expect(await status(`postgres://zen@${own},127.0.0.1:${port}/postgres`)).toEqual(entered);
    rude.close();
  });

  test('none may be there: the last is named', async () => {
    expect(await status('postgres://zen@127.0.0.1:1,localhost:2/postgres')).toEqual([
      3,
      expect.stringContaining('Cannot reach postgres://zen@localhost:2/postgres: '),
    ]);
  });

  test('each has a port, or all have one', async () => {
    const env = { PGHOST: 'none.invalid,127.0.0.1', PGPORT: port };
    expect(await status('postgres://zen@/postgres', env)).toEqual(entered);
    expect(await status('postgres://zen@/postgres', { ...env, PGPORT: `1,2,${port}` })).toEqual([
      2,
      'There are 3 ports for 2 hosts: give each its own, or one for all.\n',
    ]);
  });
});

describe('a parameter of libpq', () => {
  const enter = (parameters: string, env?: Record<string, string>) =>
    status(`postgres://zen@127.0.0.1:${port}/postgres?${parameters}`, env);

  test.each([
    'channel_binding=prefer&gssencmode=disable&sslcertmode=allow',
    'application_name=me&client_encoding=LATIN1&keepalives=1&keepalives_idle=30&tcp_user_timeout=1000',
    'connect_timeout=5&target_session_attrs=any&load_balance_hosts=disable&sslsni=1&sslcompression=0',
    'options=-c%20work_mem%3D8MB',
  ])('that changes nothing here, or is the server’s, is no hindrance: %s', async (parameters) => {
    expect(await enter(parameters)).toEqual(entered);
  });

  test.each<[string, Record<string, string>, string]>([
    ['channel_binding=require', {}, 'Zen does not support channel_binding=require'],
    ['', { PGCHANNELBINDING: 'require' }, 'Zen does not support channel_binding=require'],
    ['gssencmode=require', {}, 'Zen does not support gssencmode=require'],
    ['connect_timeout=soon', {}, '“soon” is not a connect_timeout'],
    ['', { PGCONNECT_TIMEOUT: '1.5' }, '“1.5” is not a connect_timeout'],
    ['target_session_attrs=master', {}, '“master” is not a value of target_session_attrs'],
    ['require_auth=scram-sha-256', {}, 'Zen does not support the parameter require_auth. Take it out'],
    ['database=template1', {}, 'Zen does not support the parameter database. Take it out'],
    [
      'ssl_min_protocol_version=TLSv1.3',
      {},
      'Zen does not support the parameter ssl_min_protocol_version. Take it out',
    ],
    ['unheard_of=1', {}, 'refused: unrecognized configuration parameter "unheard_of". Take it out'],
  ])('that zen cannot heed is a sentence: %s %j', async (parameters, env, said) => {
    expect(await enter(parameters, env)).toEqual([2, expect.stringContaining(said)]);
  });

  test('connect_timeout ends the wait for a server that says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const own = String((silent.address() as AddressInfo).port);
    expect(await status(`postgres://zen@127.0.0.1:${own}/postgres?connect_timeout=1`)).toEqual([
      3,
      expect.stringContaining(`Cannot reach postgres://zen@127.0.0.1:${own}/postgres: `),
    ]);
    silent.close();
  });
});

describe('target_session_attrs', () => {
  let standby: Own;
  let hosts: Record<'primary' | 'standby' | 'nothing', string>;
  beforeAll(async () => {
    standby = await startServer();
    await standby.kill();
    writeFileSync(join(standby.data, 'standby.signal'), '');
    await standby.start();
    hosts = { primary: `127.0.0.1:${port}`, standby: new URL(standby.url).host, nothing: '127.0.0.1:1' };
  });
  afterAll(() => standby.stop());

  type Host = keyof typeof hosts;
  test.each<[kind: string, among: Host[], found: Host]>([
    ['any', ['standby', 'primary'], 'standby'],
    ['read-write', ['standby', 'primary'], 'primary'],
    ['primary', ['nothing', 'standby', 'primary'], 'primary'],
    ['read-only', ['primary', 'standby'], 'standby'],
    ['standby', ['primary', 'nothing', 'standby'], 'standby'],
    ['prefer-standby', ['primary', 'standby'], 'standby'],
    ['prefer-standby', ['nothing', 'primary'], 'primary'],
  ])('%s among %j finds the %s', async (kind, among, found) => {
    const list = among.map((host) => hosts[host]).join(',');
    const db = await openServer(`postgres://zen@${list}/postgres?target_session_attrs=${kind}`);
    expect(db.label).toBe(`postgres://zen@${hosts[found]}/postgres`);
    await db.close();
  });

  test.each<[kind: string, host: Host]>([
    ['standby', 'primary'],
    ['read-only', 'primary'],
    ['read-write', 'standby'],
  ])('%s where there is only a %s is a sentence, also by PGTARGETSESSIONATTRS', async (kind, host) => {
    const url = `postgres://zen@${hosts[host]}/postgres`;
    const why = `it is no ${kind} server, as target_session_attrs asks for`;
    const said = [3, expect.stringContaining(`Cannot reach ${url}: ${why}.`)];
    expect(await status(`${url}?target_session_attrs=${kind}`)).toEqual(said);
    expect(await status(url, { PGTARGETSESSIONATTRS: kind })).toEqual(said);
    expect(await status(url, { PGTARGETSESSIONATTRS: 'any' })).toEqual(entered);
  });
});

test.each([
  'postgres://u:SECRET%zz@127.0.0.1/db',
  'postgres://u:SECRET%00@127.0.0.1/db',
  'postgres://u:SECRET#w@127.0.0.1/db',
  'postgres://u:SECRET/w@127.0.0.1/db',
  'postgres://u:5432/SECRET@127.0.0.1/db',
  'postgres://u:SECRET@127.0.0.1:port/db',
  'postgres://u:SECRET@127.0.0.1:1,[::1/db',
  'postgres://u:SECRET@::1/db',
])('%# of these is no URL, which is told without quoting it', async (url) => {
  expect(await status(url)).toEqual([
    2,
    expect.stringMatching(
      /^The database's URL cannot be read \((Invalid URL|URI malformed)\)\. Write it as .*\.\n$/,
    ),
  ]);
});

test.each<[port: string, url: string, env: Record<string, string>]>([
  ['abc', 'postgres://zen@127.0.0.1/postgres', { PGPORT: 'abc' }],
  ['70000', 'postgres://zen@127.0.0.1/postgres', { PGPORT: '70000' }],
  ['70000', 'postgres://zen@127.0.0.1/postgres?port=70000', {}],
  ['70000', 'postgres://zen@127.0.0.1:70000/postgres', {}],
  ['0', 'postgres://zen@127.0.0.1/postgres', { PGPORT: '0' }],
  ['-1', 'postgres://zen@a,b/postgres?port=5432,-1', {}],
])('“%s” is no port of %s: it is a sentence', async (port, url, env) => {
  expect(await status(url, env)).toEqual([
    2,
    `“${port}” is not a port: write it in the URL, or in PGPORT, as a whole number from 1 to 65535.\n`,
  ]);
});
