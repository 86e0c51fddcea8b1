import { constants, deflateSync, inflateSync } from 'node:zlib';
import { partMark, encode } from '../shared/data/payload.ts';
import type { Parts, Payload } from '../shared/data/payload.ts';

/** The bytes beyond which the best compression takes ten times as long to save 3 %. */
const large = 2_000_000;

/** The compression level for large data, or for measuring size. */
export const quick = 6;

/** Packs the payload as text: each part compressed (zlib, RFC 1950), in base64. */
export function pack(payload: Payload): string {
  return encode(payload)
    .map((part) => deflate(part).toString('base64'))
    .join(partMark);
}

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

export function deflate(bytes: Uint8Array, level = bytes.length > large ? quick : 9): Buffer {
  const options = { level, strategy: constants.Z_FILTERED, memLevel: 9 };
  return deflateSync(bytes, options);
}
