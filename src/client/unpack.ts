/** The bytes that stand deflated (zlib, RFC 1950) and in base64 in an element of the page. */
export async function unpack(text: string): Promise<Uint8Array> {
  const binary = atob(text.trim());
  const packed = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) packed[at] = binary.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
