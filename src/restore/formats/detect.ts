import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ZenError } from '../../errors.ts';
import type { Backup, BackupOptions } from './backup.ts';
import { describeEncoding, makeRecoder, recodeChunks, requireEncoding, utf16Of } from '../encoding.ts';
import { refuseForeign, requireText } from './foreign.ts';
import { BinaryCopy, isBinaryCopy } from './binary-copy.ts';
import { Csv } from './csv.ts';
import { Custom } from './custom.ts';
import { Folder } from './folder.ts';
import { compressionOf, decompress, lengthToSkip } from '../compression/decompress.ts';
import { isParquet, Parquet } from './parquet.ts';
import { ByteReader, unreadable } from './reader.ts';
import { Script } from './script.ts';
import { isTar, readMembers } from './tar.ts';
import { startOfScript } from '../sql/scanner.ts';
import { isJson, Json } from './json.ts';
import { readToc } from './toc.ts';
import type { Compression } from './toc.ts';

const firstBytes = 4096;
const mostLayers = 8;

/**
 * Opens a backup in any format, detected by its contents, not its name.
 *
 * @param paths the file or folder, or the parts of a split file, in order
 * @throws ZenError `failed` when there is none, or it is no backup
 */
export async function openBackup(
  paths: string | readonly string[],
  options: BackupOptions = {},
): Promise<Backup> {
  const names = [paths].flat();
  for (const path of names) {
    const found = await stat(path).catch(unreadable(path));
    if (found.isDirectory() && names.length === 1) return Folder.open(path, options);
    if (!found.isFile())
      throw new ZenError(
        'failed',
        `${path} is not a file, and a backup is read more than once. Save it to one first.`,
      );
  }
  const reader = await ByteReader.open(...names);
  try {
    await refuseSeveral(reader, names.slice(1));
  } catch (error) {
    await reader.close();
    throw error;
  }
  return openOrClose(reader, options);
}

/** Checks that the parts of one file do not each begin like a whole file. */
async function refuseSeveral(first: ByteReader, others: readonly string[]): Promise<void> {
  for (const path of others) {
    const reader = await ByteReader.open(path);
    const start = await readStart(reader, firstBytes);
    await reader.close();
    if (isArchive(start) || isParquet(start))
      throw new ZenError(
        'failed',
        `${path} is a whole backup, not a part of ${first.path}. Restore them one by one, the later ones with --append.`,
      );
  }
}

async function openOrClose(reader: ByteReader, options: BackupOptions, depth = 0): Promise<Backup> {
  try {
    return await openFile(reader, options, depth);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The origin of a backup. */
export interface Origin {
  open: () => Promise<Backup>;
  close: () => Promise<void>;
}

/**
 * Keeps a stream in a temporary file, because a backup may be read in any order, and twice. The file is unlinked before
 * it is written: nobody else can open it, and it vanishes with the process.
 *
 * @returns functions that open the backup, as often as needed, and that release the file
 * @throws ZenError `usage` for a terminal, `failed` when it cannot be read or kept
 */
export async function spool(
  stream: Readable & { isTTY?: boolean },
  options: BackupOptions = {},
): Promise<Origin> {
  if (stream.isTTY) {
    throw new ZenError('usage', 'Standard input is a terminal. Send a backup to it, or name a file.');
  }
  const reader = await keep(stream as AsyncIterable<Buffer>, 'standard input');
  return { open: () => openFile(reader.section(0, reader.size), options), close: () => reader.close() };
}

async function keep(chunks: AsyncIterable<Buffer>, path: string): Promise<ByteReader> {
  const file = await openUnnamed();
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
  } catch (error) {
    await file.close();
    if (error instanceof ZenError) throw error;
    unreadable(path)(error);
  }
  return ByteReader.over(path, file);
}

async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'zen-'));
  try {
    return await open(join(folder, 'backup'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param depth the number of archives around it @param depth the number of layers that it was packed in */
async function openFile(reader: ByteReader, options: BackupOptions, depth = 0): Promise<Backup> {
  requireDepth(depth, reader.path);
  const start = await readStart(reader, firstBytes);
  if (start.length === 0) throw new ZenError('failed', `${reader.path} is empty. Copy it again.`);
  if (isArchive(start)) return openArchive(reader, options);
  if (isParquet(start)) return new Parquet(reader, options);
  if (isTar(start)) return openTar(reader, options, depth + 1);
  refuseForeign(start, reader.path);
  return openText(reader, compressionOf(await skipFrames(reader)), options, depth);
}

/** Limits nesting, because there are files that contain themselves, compressed. */
function requireDepth(depth: number, path: string): void {
  if (depth > mostLayers)
    throw new ZenError('failed', `${path} is packed more than ${mostLayers} times. Unpack it first.`);
}

function isArchive(start: Buffer): boolean {
  return start.toString('latin1', 0, 5) === 'PGDMP';
}

async function readStart(reader: ByteReader, most: number): Promise<Buffer> {
  const { position } = reader;
  const start = await reader.bytes(Math.min(most, reader.size - position));
  reader.seek(position);
  return start;
}

/** Returns the first bytes after skippable frames, which may have any length. */
async function skipFrames(reader: ByteReader): Promise<Buffer> {
  for (;;) {
    const start = await readStart(reader, 8);
    const length = lengthToSkip(start);
    if (length === 0) {
      reader.seek(0);
      return start;
    }
    reader.seek(reader.position + length);
  }
}

async function openArchive(reader: ByteReader, options: BackupOptions): Promise<Backup> {
  const toc = await readToc(reader, options);
  if (toc.format !== 'custom') {
    throw new ZenError(
      'failed',
      `${reader.path} is only the table of contents of a backup: name the folder that it is in, or the tar archive that it came from.`,
    );
  }
  return new Custom(reader, toc);
}

/** Opens an archive of pg_dump, or any file that is packed alone. */
async function openTar(reader: ByteReader, options: BackupOptions, depth: number): Promise<Backup> {
  const members = await readMembers(reader);
  const [only, another] = members.values();
  if (!only || another) return Folder.openTar(reader, members, options);
  return openFile(reader.narrow(only.offset, only.size), options, depth);
}

async function openText(
  reader: ByteReader,
  compression: Compression,
  options: BackupOptions,
  depth: number,
): Promise<Backup> {
  let layers = depth;
  let { start, bytes } = await peek(decompress(reader.rest(), compression, reader.path));
  for (let next = compressionOf(start); next !== 'none'; next = compressionOf(start)) {
    requireDepth(++layers, reader.path);
    ({ start, bytes } = await peek(decompress(bytes, next, reader.path)));
  }
  if (isArchive(start) || isTar(start) || isParquet(start)) {
    const unpacked = await keep(bytes, reader.path);
    await reader.close();
    return openOrClose(unpacked, options, layers + 1);
  }
  if (isBinaryCopy(start)) return new BinaryCopy(reader, bytes, options);
  const encoding = utf16Of(start) ?? options.encoding;
  if (encoding !== undefined)
    ({ start, bytes } = await peek(recodeChunks(bytes, makeRecoder(encoding, reader.path, true))));
  refuseForeign(start, reader.path);
  requireText(start, reader.path);
  const first = start.toString('utf8').replace(/^\uFEFF/, '');
  const Format = isJson(first) ? Json : startOfScript(first) === undefined ? Csv : Script;
  const text = new Format(reader, bytes, { ...options, isDecoded: encoding !== undefined });
  if (encoding !== undefined && requireEncoding(encoding) !== 'utf-8')
    text.notes.push(describeEncoding(encoding));
  return text;
}

/** Returns the first bytes of a stream, as many as of a plain file, and the whole stream. */
async function peek(
  pieces: AsyncGenerator<Buffer>,
): Promise<{ start: Buffer; bytes: AsyncGenerator<Buffer> }> {
  let taken: Buffer = Buffer.alloc(0);
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    taken = Buffer.concat([taken, next.value]);
    if (taken.length >= firstBytes) break;
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield taken;
    yield* pieces;
  }
  return { start: taken.subarray(0, firstBytes), bytes: all() };
}
