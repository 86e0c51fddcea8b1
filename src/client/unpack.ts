/** The bytes that stand deflated (zlib, RFC 1950) and in base64 in an element of the page. */
export async function unpack(text: string): Promise<Uint8Array> {
  const binary = atob(text.trim());
  const packed = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) packed[at] = binary.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The inverse of `unpack`. */
export async function compress(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const pieces: string[] = [];
  // The letters of one call are its arguments, of which there may not be too many.
  for (let at = 0; at < packed.length; at += piece)
    pieces.push(String.fromCharCode(...packed.subarray(at, at + piece)));
  return btoa(pieces.join(''));
}

const piece = 8192;
