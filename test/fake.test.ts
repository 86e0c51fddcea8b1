import { describe, expect, test } from '@jest/globals';
import { networkInterfaces } from 'node:os';
import { temporaryFolder } from './support/databases.ts';
import {
  columns,
  copyIn,
  flood,
  message,
  message32,
  notice,
  row,
  startFake,
  welcome,
} from './support/fake.ts';
import type { Part } from './support/fake.ts';
import { measure } from './support/measure.ts';

const cwd = temporaryFolder();
const real = Number(new URL(process.env.ZEN_TEST_SERVER ?? '').port);
const most = { megabytes: 600, seconds: 20 };

/** Asks a server for its status, and gives what that took. */
async function ask(url: string): Promise<[code: number | null, said: string]> {
  const started = performance.now();
  const { code, stdout, stderr, megabytes } = await measure(['status', '--database', url], { cwd });
  expect(stdout).toBe('');
  expect((performance.now() - started) / 1000).toBeLessThan(most.seconds);
  expect(megabytes).toBeLessThan(most.megabytes);
  return [code, stderr];
}

/** A part that lets in whoever comes, and then does so. */
const after = (deed: Part): Part => {
  const known = new Set<unknown>();
  return (client, heard) => {
    if (known.has(client)) deed(client, heard);
    else client.write(welcome);
    known.add(client);
  };
};
const floods =
  (first: Buffer, piece: Buffer): Part =>
  (client) => {
    client.removeAllListeners('data');
    client.write(first);
    flood(client, piece);
  };
const nothing = Buffer.alloc(0);

describe('a server that means ill', () => {
  test.each<[what: string, part: Part, said: string]>([
    ['is none', (client) => client.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'PostgreSQL’s protocol'],
    ['sends garbage without an end', floods(nothing, Buffer.from('garbage')), 'PostgreSQL’s protocol'],
    [
      'says to have a message of no length',
      (client) => client.write(message32('R', 0)),
      'PostgreSQL’s protocol',
    ],
    [
      'says to have 2 GB, and sends them',
      floods(message32('N', 2 ** 31 - 1), Buffer.alloc(65_536)),
      'more messages than anybody asked for',
    ],
    ['tells notices instead of letting in', floods(nothing, notice), 'more messages than anybody asked for'],
    [
      'sends a challenge that would take hours',
      (client) => client.write(message('R', 11, 'r=abc,s=YQ==,i=2147483647')),
      'PostgreSQL’s protocol',
    ],
    [
      'sends a challenge that is none',
      (client) => client.write(message('R', 11, 'x')),
      'PostgreSQL’s protocol',
    ],
    [
      'asks for a password that it has',
      after((client) => client.write(message('R', 3))),
      'PostgreSQL’s protocol',
    ],
    ['says nothing from the start', () => undefined, 'it did not answer in time'],
    ['lets in, and says nothing', after(() => undefined), 'it did not answer in time'],
    ['lets in, and tells notices', after(floods(nothing, notice)), 'more messages than anybody asked for'],
    ['lets in, and sends rows', after(floods(columns, row)), 'more rows than anybody asked for'],
    [
      'lets in, and asks for rows',
      after((client) => client.write(Buffer.concat([message('1'), message('2'), copyIn]))),
      'it asks for rows that nobody wants to send',
    ],
    ['lets in, and sends garbage', after((client) => client.write('garbage')), 'PostgreSQL’s protocol'],
  ])(
    'and %s is not reached, which is a sentence within bounds',
    async (_, part, said) => {
      const { port, server } = await startFake(part);
      const [code, text] = await ask(`postgres://zen:word@127.0.0.1:${port}/postgres?connect_timeout=2`);
      server.close();
      expect([code, text]).toEqual([3, expect.stringMatching(/^Cannot reach \P{Cc}+\n$/u)]);
      expect(text).toContain(said);
    },
    30_000,
  );

  test.each<[what: string, part: Part, said: string]>([
    ['sends rows without an end', floods(columns, row), 'more rows than anybody asked for'],
    ['tells notices without an end', floods(nothing, notice), 'more messages than anybody asked for'],
    ['asks for rows', floods(message('1'), copyIn), 'it asks for rows that nobody wants to send'],
    ['sends garbage', floods(nothing, Buffer.from('garbage')), 'PostgreSQL’s protocol'],
    ['says to have 4 GB', floods(columns, message32('D', 2 ** 32 - 1)), 'more rows than anybody asked for'],
  ])(
    'and %s later on is a sentence within bounds, too',
    async (_, part, said) => {
      const { port, server } = await startFake(part, { port: real, until: 'to_regclass' });
      const [code, text] = await ask(`postgres://zen@127.0.0.1:${port}/postgres`);
      server.close();
      expect([code, text]).toEqual([1, expect.stringMatching(/does not behave like a server: \P{Cc}+\n$/u)]);
      expect(text).toContain(said);
    },
    60_000,
  );
});

const elsewhere = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('a password in clear text', () => {
  const wants: Part = (client, heard) => {
    if (heard[0] === 0) client.write(message('R', 3));
    else if (heard[0] === 112) client.write(welcome);
  };
  const isTold = async (host: string, parameters: string) => {
    const { port, heard, server } = await startFake(wants);
    const [code, text] = await ask(`postgres://zen:SECRET@${host}:${port}/db?connect_timeout=1${parameters}`);
    server.close();
    expect(code).toBe(3);
    return [heard.some((bytes) => bytes.includes('SECRET')), text];
  };

  (elsewhere ? test : test.skip)(
    'goes to another machine only where sslmode=disable was asked for',
    async () => {
      const host = elsewhere ?? '';
      for (const parameters of ['', '&sslmode=prefer', '&sslmode=allow'])
        expect(await isTold(host, parameters)).toEqual([
          false,
          expect.stringContaining(
            'asks for the password in clear text, and the connection is not encrypted. Set sslmode=require',
          ),
        ]);
      expect(await isTold(host, '&sslmode=require')).toEqual([
        false,
        expect.stringContaining('it has no TLS'),
      ]);
      expect((await isTold(host, '&sslmode=disable'))[0]).toBe(true);
    },
    60_000,
  );

  test('goes to this machine', async () => {
    expect((await isTold('127.0.0.1', ''))[0]).toBe(true);
  }, 20_000);
});
