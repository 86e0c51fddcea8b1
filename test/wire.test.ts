import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { openServer } from '../src/db/server.ts';

test('a COPY that went well ends with CopyDone, and nothing is sent behind it that the server has to pass over', async () => {
  const sent: Buffer[] = [];
  const url = new URL(process.env.ZEN_TEST_SERVER ?? '');
  const { hostname, port } = url;
  const relay = createServer((client) => {
    const server = connect(Number(port), hostname);
    client.on('data', (bytes) => sent.push(bytes));
    client.pipe(server).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  url.port = String((relay.address() as AddressInfo).port);
  const db = await openServer(url.href);
  try {
    await db.reserve(async (session) => {
      await session.run('create temporary table numbers (number int)');
      expect(await session.copy('numbers', ['number'], Readable.from([Buffer.from('1\n2\n')]))).toBe(2);
      expect(await session.query('select number from numbers order by number')).toEqual([
        { number: 1 },
        { number: 2 },
      ]);
    });
  } finally {
    await db.close();
    relay.close();
  }
  expect(kinds(Buffer.concat(sent))).toMatch(/Qdc(Q|P.*)X?$/);
});

/** The kinds of a client's messages, in order, behind those that have none (PostgreSQL's documentation, 55.7). */
function kinds(sent: Buffer): string {
  let [text, at] = ['', 0];
  // The two without a kind begin with their length, below 2 ** 24: TLS is asked for, and the session begins.
  while (sent[at] === 0) at += sent.readUInt32BE(at);
  for (; at < sent.length; at += 1 + sent.readUInt32BE(at + 1)) text += String.fromCharCode(sent[at] ?? 0);
  return text;
}
