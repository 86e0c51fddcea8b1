import { constants, deflateSync } from 'node:zlib';
import { encode } from '../shared/payload.ts';
import type { Payload } from '../shared/payload.ts';

/** More than this, and the best compression takes longer than it is worth. */
const large = 16_000_000;

/** The payload as text: deflated (zlib, RFC 1950), in base64. */
export function pack(payload: Payload): string {
  return deflate(encode(payload)).toString('base64');
}

export function deflate(bytes: Uint8Array): Buffer {
  const options = { level: bytes.length > large ? 6 : 9, strategy: constants.Z_FILTERED, memLevel: 9 };
  return deflateSync(bytes, options);
}
