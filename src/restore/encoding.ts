import { isUtf8 } from 'node:buffer';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { newline } from './copy/bytes.ts';

/** PostgreSQL's names of encodings that TextDecoder names differently (src/common/encnames.c), without `-` and `_`. */
const aliases = new Map(
  Object.entries({
    win: 'windows-1251',
    alt: 'ibm866',
    win866: 'ibm866',
    koi8: 'koi8-r',
    koi8r: 'koi8-r',
    koi8u: 'koi8-u',
    euccn: 'gb2312',
    eucjp: 'euc-jp',
    euckr: 'euc-kr',
    uhc: 'euc-kr',
    unicode: 'utf-8',
    mskanji: 'shift_jis',
    latin1: 'iso-8859-1',
    latin5: 'iso-8859-9',
    latin6: 'iso-8859-10',
    latin7: 'iso-8859-13',
    latin8: 'iso-8859-14',
    latin9: 'iso-8859-15',
    iso88591: 'iso-8859-1',
    maccyrillic: 'x-mac-cyrillic',
    cp10007: 'x-mac-cyrillic',
    cp65001: 'utf-8',
    windows1252: 'windows-1252',
    cp1252: 'windows-1252',
    win1252: 'windows-1252',
  }),
);
/** Bytes 0x80 to 0x9f in windows-1252, which TextDecoder of Node 20 decodes as control characters. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Converts bytes of an encoding to UTF-8, chunk by chunk; a call without a chunk ends the text. */
export type Recode = (chunk?: Buffer) => Buffer;

/**
 * Returns TextDecoder's name for an encoding, given any of its names or PostgreSQL's. SQL_ASCII, which says nothing,
 * gives UTF-8.
 *
 * @throws ZenError `usage` for an unknown one
 */
export function requireEncoding(name: string): string {
  const plain = name.toLowerCase().replaceAll(/[-_ ]/g, '');
  if (/^(sqlascii|ascii|usascii)$/.test(plain)) return 'utf-8';
  const known = aliases.get(plain);
  if (known !== undefined) return known;
  for (const label of [name, name.replaceAll('_', '-'), plain.replace(/^win(?=\d)/, 'cp')])
    try {
      return new TextDecoder(label).encoding;
    } catch {
      continue;
    }
  throw new ZenError(
    'usage',
    `“${shorten(name, 40)}” is not an encoding that Zen knows: say windows-1251, koi8-r, ibm866, utf-16le ….`,
  );
}

/**
 * Returns a function that converts an encoding to UTF-8; undefined for UTF-8 itself.
 *
 * @param isSure false when the file itself names the encoding, which is wrong if the text is in UTF-8
 * @throws ZenError `failed` for an unknown encoding; the function throws it for invalid bytes
 */
export function makeRecoder(name: string, path: string, isSure: boolean): Recode | undefined {
  const encoding = known(name, path);
  if (encoding === 'utf-8') return undefined;
  const decode = decoderOf(encoding);
  let isChecked = isSure;
  return (chunk) => {
    if (!isChecked && chunk?.some((byte) => byte >= 0x80)) {
      isChecked = true;
      if (isUtf8(chunk.subarray(0, chunk.lastIndexOf(newline) + 1 || chunk.length)))
        throw new ZenError(
          'failed',
          `${path} claims to be in ${name}, but its texts are in UTF-8. Say which is true: --encoding utf-8, or --encoding ${encoding}.`,
        );
    }
    try {
      return Buffer.from(decode(chunk));
    } catch (error) {
      throw new ZenError(
        'failed',
        `${path} has bytes that are not text in ${name}. Say its encoding with --encoding.`,
        { cause: error },
      );
    }
  };
}

function known(name: string, path: string): string {
  try {
    return requireEncoding(name);
  } catch (error) {
    throw new ZenError(
      'failed',
      `${path} is in ${shorten(name, 40)}, which Zen does not read: ${messageOf(error)} Make it with pg_dump --encoding=UTF8.`,
    );
  }
}

function decoderOf(encoding: string): (chunk?: Buffer) => string {
  if (encoding === 'iso-8859-1') return (chunk) => chunk?.toString('latin1') ?? '';
  if (encoding === 'windows-1252')
    return (chunk = Buffer.alloc(0)) =>
      chunk
        .toString('latin1')
        .replaceAll(/[\x80-\x9f]/g, (char) => windows1252.charAt(char.charCodeAt(0) - 0x80));
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
}

export function describeEncoding(name: string): string {
  return `Its texts are in ${shorten(name, 40)} and become UTF-8.`;
}

/** Converts all chunks to UTF-8. */
export async function* recodeChunks(
  chunks: AsyncIterable<Buffer>,
  recode: Recode | undefined,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield recode ? recode(chunk) : chunk;
  const rest = recode?.();
  if (rest && rest.length > 0) yield rest;
}

/** Detects UTF-16 by its byte order mark, or by zero bytes among the first characters, which are ASCII in every format. */
export function utf16Of(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const zeros = [0, 1].map(
    (odd) => start.subarray(0, 32).filter((byte, at) => at % 2 === odd && byte === 0).length,
  );
  const [even = 0, odd = 0] = zeros;
  const half = Math.min(start.length, 32) / 2;
  if ((start[0] === 0xff && start[1] === 0xfe) || (half >= 4 && odd > half * 0.8 && even === 0))
    return 'utf-16le';
  if ((start[0] === 0xfe && start[1] === 0xff) || (half >= 4 && even > half * 0.8 && odd === 0))
    return 'utf-16be';
  return undefined;
}

/** Single-byte encodings that texts without a byte order mark often use. */
const usual = ['windows-1251', 'koi8-r', 'ibm866', 'iso-8859-5', 'x-mac-cyrillic', 'windows-1252'];

/**
 * Checks that a piece of text is in UTF-8. A stray invalid byte among valid lines is left to the database, which names
 * its row.
 *
 * @throws ZenError `failed` for another encoding, with those in which the text makes sense
 */
export function requireUtf8(piece: Buffer, path: string): void {
  if (isUtf8(piece)) return;
  const lines = piece
    .toString('latin1')
    .split('\n')
    .filter((line) => /[\x80-\xff]/.test(line))
    .slice(0, 50);
  if (lines.some((line) => isUtf8(Buffer.from(line, 'latin1')))) return;
  const odd = lines.join('\n');
  const read = usual
    .map((encoding) => ({ encoding, text: decoderOf(encoding)(Buffer.from(odd, 'latin1')) }))
    .map(({ encoding, text }) => ({ encoding, text, sense: senseOf(text) }))
    .filter(({ sense }) => sense > 0.5)
    .sort((a, b) => b.sense - a.sense)
    .map(({ encoding, text }) => `“${shorten(exampleOf(text), 40)}” in ${encoding}`);
  const remedy =
    read.length > 0 ? `It reads ${read.join(', or ')}. Say so, as in` : 'Name its encoding, as in';
  const example = /in (\S+)$/.exec(read[0] ?? '')?.[1] ?? 'windows-1251';
  throw new ZenError('failed', `${path} is not in UTF-8. ${remedy} --encoding ${example}.`);
}

/** @throws ZenError `failed` for a NUL, which PostgreSQL holds in no text, with its row */
export function requireNoNul(piece: Buffer, path: string): void {
  const at = piece.indexOf(0);
  if (at < 0) return;
  const end = piece.indexOf('\n', at);
  const row = piece.toString('utf8', piece.lastIndexOf('\n', at) + 1, end < 0 ? piece.length : end);
  throw new ZenError(
    'failed',
    `${path} has a NUL character in the row “${shorten(row, 200)}”, and PostgreSQL keeps none. Nothing was changed. Take it out where the file is made.`,
  );
}

function exampleOf(text: string): string {
  const fields = text.split(/[\n\t,;|"]/).filter((field) => /[^\0-\x7f]/.test(field));
  return [...new Set(fields)].slice(0, 3).join(', ');
}

/**
 * Rates from 0 to 1 how natural the words beyond ASCII look. Capitals come first or throughout, Russian uses its usual
 * letters, other alphabets mix accented letters with plain ones.
 */
function senseOf(text: string): number {
  const words =
    text.match(
      /[^\s\0-@[-`{-\x7f«»„“”’–—…№©®€\xa0]*[^\s\0-\x7f«»„“”’–—…№©®€\xa0][^\s\0-@[-`{-\x7f«»„“”’–—…№©®€\xa0]*/g,
    ) ?? [];
  const isRussian = (word: string) => /^([А-ЯЁ]?[а-яё]*|[А-ЯЁ]+)$/.test(word);
  const isLatin = (word: string) => /^\p{Script=Latin}+$/u.test(word) && /[a-z]/i.test(word);
  const shaped = words.filter((word) => isRussian(word) || isLatin(word));
  const letters = shaped.filter(isRussian).join('').toLowerCase();
  const usualLetters = letters.replaceAll(/[^оеаинтсрвлкмдпуяы]/g, '').length;
  const share = words.length === 0 ? 0 : shaped.length / words.length;
  return share < 0.8 ? 0 : share * (letters === '' ? 0.9 : usualLetters / letters.length);
}
