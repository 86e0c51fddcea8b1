import { promisify } from 'node:util';
import { constants, deflate as deflateBytes, deflateSync, inflateSync } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';
import { partMark, encode } from '../shared/data/payload.ts';
import type { Parts, Payload } from '../shared/data/payload.ts';

/** The bytes beyond which the best compression takes ten times as long to save 3 %. */
const large = 2_000_000;

/** The compression level for large data, or for measuring size. */
const quick = 6;

/**
 * Packs the payload as text: each part compressed (zlib, RFC 1950) while other work goes on, in base64.
 *
 * @param packed the same payload with other people, of which the rows are taken
 */
export async function pack(payload: Payload, packed = ''): Promise<string> {
  const [, rows] = packed.split(partMark);
  const parts = encode(payload).map(async (part, at) =>
    at === 1 && rows !== undefined ? rows : (await deflating(part, optionsFor(part))).toString('base64'),
  );
  return (await Promise.all(parts)).join(partMark);
}

const deflating = promisify(deflateBytes);

/** Reverses `pack`, without decoding. @param room the most bytes of all parts; by default, any number */
export function unpackParts(packed: string, room = Infinity): Parts {
  const [first = '', rows, ...more] = packed.split(partMark);
  if (more.length > 0) throw new Error('it has more than two parts');
  const part = inflatePart(first, room);
  return rows === undefined ? [part] : [part, inflatePart(rows, room - part.length)];
}

function inflatePart(text: string, room: number): Uint8Array {
  // Fills one buffer as it grows; joining pieces would take twice the memory.
  const limits = room === Infinity ? {} : { maxOutputLength: room, chunkSize: room + 1 };
  return inflateSync(Buffer.from(text, 'base64'), limits);
}

/** Compresses at once, to measure a size. */
export function deflate(bytes: Uint8Array): Buffer {
  return deflateSync(bytes, { ...optionsFor(bytes), level: quick });
}

function optionsFor({ length }: Uint8Array): ZlibOptions {
  return { level: length > large ? quick : 9, strategy: constants.Z_FILTERED, memLevel: 9 };
}
