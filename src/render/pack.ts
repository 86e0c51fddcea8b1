import { constants, deflateSync } from 'node:zlib';
import { encode } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';

/** Bytes beyond which the best compression takes ten times as long for three hundredths of them. */
const large = 2_000_000;

/** The level of compression for what is large, or only measured. */
export const quick = 6;

/** The payload as text: deflated (zlib, RFC 1950), in base64. */
export function pack(payload: Payload): string {
  return deflate(encode(payload)).toString('base64');
}

export function deflate(bytes: Uint8Array, level = bytes.length > large ? quick : 9): Buffer {
  const options = { level, strategy: constants.Z_FILTERED, memLevel: 9 };
  return deflateSync(bytes, options);
}
