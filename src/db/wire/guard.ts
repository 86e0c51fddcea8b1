import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { Tls } from '../libpq/tls.ts';

/** The code of an error that a server caused by what it sent. */
export const garbledCode = 'EGARBLED';

/** Bytes before there is a session, of which a server needs a few thousand. */
const mostAtFirst = 1_000_000;
/** Bytes of one message: no text of JavaScript's is longer. */
const mostInOne = 2 ** 29;
/** For one statement: its rows, their bytes, and the bytes of all else (notices, parameters). */
const mostRowsSent = 2 ** 21;
const mostOfRows = 2 ** 30;
const mostBeside = 2 ** 24;

/** Messages of a server (PostgreSQL's documentation, 54.7), beside those by which it would copy out, or both ways. */
const serverMessages = new Set(Array.from('123ACDEGIKNRSTZnstvw', (type) => type.charCodeAt(0)));
const [copyIn, row, authentication, ready] = Array.from('GDRZ', (type) => type.charCodeAt(0));
const [cleartext, scram] = [3, 11];
/** The bytes of a message about who comes; and a challenge (RFC 5802), with no more rounds than take some seconds. */
const mostOfOne = 10_000;
const challenge = /^r=[!-+\--~]+,s=[\w+/=]+,i=[1-9]\d{0,6}$/;

/**
 * Watches what a server sends, before the driver reads it. The driver keeps whatever comes, does what it is asked to, and waits for
 * as many bytes as a message says that it has: a server that means ill, or is none, could take all memory and any password.
 */
export class Guard {
  readonly #mayTell: boolean;
  #entered = false;
  #copies = false;
  #isReady = false;
  #head: number[] = [];
  /** Bytes of the present message that are to come. */
  #left = 0;
  #rows = 0;
  #ofRows = 0;
  #beside = 0;

  /** @param mayTell a password may go to this server in clear text */
  constructor(mayTell: boolean) {
    this.#mayTell = mayTell;
  }

  /** From here on there is a session. */
  enter(): void {
    this.#entered = true;
  }

  /** A statement begins, for which rows are sent or not. */
  begin(copies: boolean): void {
    this.#copies = copies;
    this.#rows = this.#ofRows = this.#beside = 0;
  }

  /** @throws Error with the code `EGARBLED` for what no server has a reason to send */
  see(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, bytes.length - at);
        if (this.#head.length > 0) this.#head.push(...bytes.subarray(at, at + passed));
        this.#left -= passed;
        at += passed;
      } else this.#open(bytes[at++] ?? 0);
      if (this.#left === 0 && this.#head.length > 5) this.#authenticate();
    }
  }

  /** A byte of what stands before each message: its type, and its length with that of the length. */
  #open(byte: number): void {
    this.#head.push(byte);
    const [type = 0, ...bytes] = this.#head;
    if (!serverMessages.has(type)) throw garbledError(strange);
    if (bytes.length < 4) return;
    const length = toNumber(bytes);
    const isAuthentication = type === authentication;
    if (length < (isAuthentication ? 8 : 4)) throw garbledError(strange);
    this.#count(type, length);
    if (type === copyIn && !this.#copies) throw garbledError('it asks for rows that nobody wants to send');
    if (type === ready) this.#isReady = true;
    if (isAuthentication && (this.#isReady || length > mostOfOne)) throw garbledError(strange);
    this.#left = length - 4;
    if (!isAuthentication) this.#head = [];
  }

  #count(type: number, length: number): void {
    const isRow = type === row;
    if (isRow) {
      this.#rows++;
      this.#ofRows += length;
    } else this.#beside += length;
    const isMuch =
      length > mostInOne ||
      this.#rows > mostRowsSent ||
      this.#ofRows > mostOfRows ||
      this.#beside > mostBeside ||
      (!this.#entered && this.#ofRows + this.#beside > mostAtFirst);
    if (isMuch) throw garbledError(`it sends more ${isRow ? 'rows' : 'messages'} than anybody asked for`);
  }

  /** Looks at a whole message about who comes, on which the driver would stumble where nobody listens, or spend hours. */
  #authenticate(): void {
    const body = Buffer.from(this.#head.slice(5));
    this.#head = [];
    const kind = body.readUInt32BE();
    if (kind === cleartext && !this.#mayTell) throw garbledError(untold);
    if (kind === scram && !challenge.test(body.toString('latin1', 4))) throw garbledError(strange);
  }
}

const strange = 'what came is not of PostgreSQL’s protocol';
const untold =
  'it asks for the password in clear text, and the connection is not encrypted. Set sslmode=require, or sslmode=disable to send it nevertheless';

function toNumber(bytes: number[]): number {
  return bytes.slice(0, 4).reduce((number, byte) => number * 256 + byte, 0);
}

function garbledError(why: string): Error {
  return Object.assign(new Error(why), { code: garbledCode });
}

/** Makes a guard check everything that arrives over a socket; a refusal ends the connection. */
export function guardSocket(socket: Socket, guard: Guard): Socket {
  const emit = socket.emit.bind(socket) as (event: string, ...values: unknown[]) => boolean;
  socket.emit = (event: string, ...values: unknown[]) => {
    if (event === 'data')
      try {
        guard.see(values[0] as Uint8Array);
      } catch (error) {
        socket.destroy(error as Error);
        return true;
      }
    return emit(event, ...values);
  };
  return socket;
}

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Asks for TLS on a socket that is on its way (PostgreSQL's documentation, 54.2.11).
 *
 * @returns a socket that is encrypted; the same one where `prefer` finds that the server has no TLS
 */
export async function startTls(socket: Socket, tls: Exclude<Tls, false>, host: string): Promise<Socket> {
  const [answer] = await onceHeard(socket, 'data', () => socket.write(sslRequest));
  const said = (answer as Buffer).toString('latin1');
  if (said === 'N' && tls === 'prefer') return socket;
  // More than a byte would be taken for what comes encrypted (CVE-2021-23222).
  if (said !== 'S') {
    socket.destroy(); // the driver has not got it, and a process would wait for it
    if (said !== 'N') throw garbledError(strange);
    throw Object.assign(new Error('it has no TLS, which sslmode asks for'), { code: 'ENOTLS' });
  }
  const options = tls === 'prefer' ? { rejectUnauthorized: false } : tls;
  const encrypted = connect({ socket, ...(isIP(host) ? {} : { servername: host }), ...options });
  await onceHeard(encrypted, 'secureConnect');
  return encrypted;
}

/** The first event of a name; an error, or the end, is one. */
export function onceHeard(socket: Socket, event: string, act?: () => unknown): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const close = () => {
      fail(Object.assign(new Error('it hung up before it let anybody in'), { code: 'ECLOSED' }));
    };
    const settle = () => socket.off(event, done).off('error', fail).off('close', close);
    const done = (...values: unknown[]) => {
      settle();
      resolve(values);
    };
    const fail = (error: Error) => {
      settle();
      reject(error);
    };
    socket.once(event, done).once('error', fail).once('close', close);
    act?.();
  });
}
