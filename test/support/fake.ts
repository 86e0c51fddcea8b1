import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A message of the protocol (PostgreSQL's documentation, 54.7). */
export function message(type: string, ...body: (number | string | Buffer)[]): Buffer {
  const parts = body.map((part) => {
    if (typeof part !== 'number') return Buffer.from(part);
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(part);
    return bytes;
  });
  const content = Buffer.concat(parts);
  return Buffer.concat([message32(type, content.length + 4), content]);
}

/** The head of one that says to be so long. */
export function message32(type: string, length: number): Buffer {
  const head = Buffer.alloc(5, type);
  head.writeUInt32BE(length, 1);
  return head;
}

export const welcome = Buffer.concat([message('R', 0), message('Z', 'I')]);
export const notice = message('N', `SNOTICE\0C00000\0M${'x'.repeat(1000)}\0\0`);
/** The start of an answer to any statement, with one column of text; and a row of it. */
export const columns = Buffer.concat([
  message('1'),
  message('t', Buffer.alloc(2)),
  message(
    'T',
    Buffer.from([0, 1]),
    'a\0',
    0,
    Buffer.alloc(2),
    25,
    Buffer.from([255, 255]),
    -1,
    Buffer.alloc(2),
  ),
  message('2'),
]);
export const row = message('D', Buffer.from([0, 1]), 1, 'x');
export const copyIn = message('G', Buffer.from([0, 0, 0]));

/** Sends the same for as long as anybody takes it. */
export function flood(client: Socket, piece: Buffer): void {
  const much = Buffer.concat(Array.from({ length: Math.ceil(65_536 / piece.length) }, () => piece));
  const send = () => {
    while (!client.destroyed && client.write(much));
  };
  client.on('drain', send);
  send();
}

/** Plays a server's part against one client, whose messages it hears. */
export type Part = (client: Socket, heard: Buffer) => void;

export interface Fake {
  port: number;
  /** All that clients have sent. */
  heard: Buffer[];
  server: Server;
}

/**
 * A server without TLS that means ill. It is one of its own; or a relay before a real one, until a statement holds some words.
 *
 * @param part called with all that comes after the start, or from that statement on
 */
export async function startFake(part: Part, real?: { port: number; until: string }): Promise<Fake> {
  const heard: Buffer[] = [];
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => undefined);
    const behind = real && connect(real.port, '127.0.0.1');
    behind?.on('error', () => undefined).on('data', (bytes) => client.write(bytes));
    client.on('close', () => behind?.destroy());
    let begun = false;
    client.on('data', (bytes) => {
      heard.push(bytes);
      if (bytes.length === 8 && bytes.readInt32BE(4) === 80877103) {
        client.write('N');
        return;
      }
      begun ||= !real || bytes.includes(real.until);
      if (begun) part(client, bytes);
      else behind?.write(bytes);
    });
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  server.on('close', () => {
    for (const client of clients) client.destroy();
  });
  return { port: (server.address() as AddressInfo).port, heard, server };
}
