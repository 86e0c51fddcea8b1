import { inSlices } from './slices.ts';

/** Returns the bytes of an element of the page, stored in base64 after zlib compression (RFC 1950). */
export async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await inSlices(readBase64(text.trim()));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function* readBase64(text: string): Generator<undefined, Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.ceil((text.length / 4) * 3));
  let length = 0;
  for (let from = 0; from < text.length; from += lettersAtOnce) {
    const binary = atob(text.slice(from, from + lettersAtOnce));
    for (let at = 0; at < binary.length; at++) bytes[length++] = binary.charCodeAt(at);
    yield;
  }
  return bytes.subarray(0, length);
}

/** The number of letters read at once: four stand for three bytes. */
const lettersAtOnce = 2 ** 18;

/** Reverses `unpack`. */
export async function compress(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const pieces: string[] = [];
  // The letters of one call are its arguments, whose number is limited.
  for (let at = 0; at < packed.length; at += piece)
    pieces.push(String.fromCharCode(...packed.subarray(at, at + piece)));
  return btoa(pieces.join(''));
}

const piece = 8192;
