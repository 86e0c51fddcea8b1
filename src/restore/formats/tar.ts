import type { Member } from './folder.ts';
import type { ByteReader } from './reader.ts';
import { damaged } from './toc.ts';

/** A file in a tar archive. */
interface TarMember extends Member {
  offset: number;
}

const blockBytes = 512;
/** Exceeds any header extension that a program writes for a member. */
const longestNames = 1 << 16;

/** Tells whether the start of a file is that of a tar archive of any kind, by the checksum in its header. */
export function isTar(start: Buffer): boolean {
  if (start.toString('latin1', 257, 262) === 'ustar') return true;
  const header = start.subarray(0, blockBytes);
  return header.length === blockBytes && header[0] !== 0 && hasChecksum(header);
}

/**
 * Finds where the files in a tar archive lie.
 *
 * @throws ZenError `failed` when it is damaged
 */
export async function readMembers(reader: ByteReader): Promise<Map<string, TarMember>> {
  const members = new Map<string, TarMember>();
  let longName: string | undefined; // for the next member
  while (reader.position + blockBytes <= reader.size) {
    const header = await reader.bytes(blockBytes);
    if (header.every((byte) => byte === 0)) break;
    if (!hasChecksum(header)) damaged(reader, `a wrong checksum at byte ${reader.position - blockBytes}`);
    const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    const size = readSize(header.subarray(124, 136));
    const kind = String.fromCharCode(header[156] ?? 0);
    const offset = reader.position;
    if (/[xL]/.test(kind))
      longName = readLongName(await reader.bytes(Math.min(size, longestNames)), kind) ?? longName;
    else if (/[0\0]/.test(kind)) {
      // not a folder, or a link
      const open = () => Promise.resolve().then(() => reader.section(offset, size));
      const path = (longName ?? name).replace(/^\.\//, '');
      if (!/(^|\/)\._[^/]*$/.test(path)) members.set(path, { offset, size, open }); // what macOS adds to each file
    }
    if (!/[xLg]/.test(kind)) longName = undefined;
    reader.seek(offset + Math.ceil(size / blockBytes) * blockBytes);
  }
  return members;
}

/**
 * Reads the name of the next member, when it is too long for its header: from POSIX records (`x`), or GNU's own entry
 * (`L`).
 */
function readLongName(data: Buffer, kind: string): string | undefined {
  const text = data.toString('latin1');
  return kind === 'L' ? text.replace(/\0.*$/s, '') : /^\d+ path=(.*)$/m.exec(text)?.[1];
}

/** Reads octal digits or, for members over 8 GB, a binary number marked by its highest bit. */
function readSize(field: Buffer): number {
  if ((field[0] ?? 0) & 0x80) return field.subarray(4).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.parseInt(field.toString('latin1').replace(/[\0 ]+$/, '') || '0', 8);
}

/** Checks the sum of the header's bytes, with the checksum itself counted as spaces. */
function hasChecksum(header: Buffer): boolean {
  const stored = readSize(header.subarray(148, 156));
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return sum === stored;
}
