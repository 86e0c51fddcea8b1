import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ZenError } from '../../errors.ts';
import type { Backup } from './backup.ts';
import { Csv } from './csv.ts';
import { Custom } from './custom.ts';
import { Directory } from './directory.ts';
import { compressionOf, decompress, lengthToSkip } from '../compression/decompress.ts';
import { ByteReader, unreadable } from './reader.ts';
import { Script } from './script.ts';
import { isTar, Tar } from './tar.ts';
import { readToc } from './toc.ts';
import type { Compression } from './toc.ts';

const firstBytes = 4096;

/**
 * Opens a backup, of whatever format: told by what it holds, not by its name.
 *
 * @throws ZenError `failed` when there is none, or it is not a backup
 */
export async function openBackup(path: string): Promise<Backup> {
  const found = await stat(path).catch(unreadable(path));
  if (found.isDirectory()) return Directory.open(path);
  if (!found.isFile())
    throw new ZenError(
      'failed',
      `${path} is not a file, and a backup is read more than once. Save it to one first.`,
    );
  const reader = await ByteReader.open(path);
  try {
    return await openFile(reader);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Where a backup comes from. */
export interface Origin {
  open: () => Promise<Backup>;
  close: () => Promise<void>;
}

/**
 * Keeps what comes from a stream in a temporary file, as a backup may be read in any order, and twice. The file has no
 * name any more when it is written: nobody else opens it, and it goes with the process, however that ends.
 *
 * @returns what opens the backup, as often as needed, and what lets the file go
 * @throws ZenError `usage` for a terminal, `failed` when it cannot be read or kept
 */
export async function spool(stream: Readable & { isTTY?: boolean }): Promise<Origin> {
  if (stream.isTTY) {
    throw new ZenError('usage', 'Standard input is a terminal. Send a backup to it, or name a file.');
  }
  const path = 'standard input';
  const file = await openUnnamed();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) await file.writeFile(chunk);
  } catch (error) {
    await file.close();
    if (error instanceof ZenError) throw error;
    unreadable(path)(error);
  }
  const reader = await ByteReader.over(path, file);
  return { open: () => openFile(reader.section(0, reader.size)), close: () => reader.close() };
}

async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'zen-'));
  try {
    return await open(join(folder, 'backup'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function openFile(reader: ByteReader): Promise<Backup> {
  const start = await readStart(reader, firstBytes);
  if (start.length === 0) throw new ZenError('failed', `${reader.path} is empty. Copy it again.`);
  if (start.toString('latin1', 0, 5) === 'PGDMP') return openArchive(reader);
  if (isTar(start)) return Tar.open(reader);
  return openText(reader, compressionOf(await skipFrames(reader)));
}

async function readStart(reader: ByteReader, most: number): Promise<Buffer> {
  const { position } = reader;
  const start = await reader.bytes(Math.min(most, reader.size - position));
  reader.seek(position);
  return start;
}

/** The first bytes behind frames that say nothing, which may be of any length. */
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

async function openArchive(reader: ByteReader): Promise<Backup> {
  const toc = await readToc(reader);
  if (toc.format !== 'custom') {
    throw new ZenError(
      'failed',
      `${reader.path} is only the contents of a backup: name the folder that it is in, or the tar archive that it came from.`,
    );
  }
  return new Custom(reader, toc);
}

async function openText(reader: ByteReader, compression: Compression): Promise<Backup> {
  const { start, bytes } = await peek(decompress(reader.rest(), compression, reader.path));
  if (start.toString('latin1', 0, 5) === 'PGDMP' || isTar(start)) {
    throw new ZenError(
      'failed',
      `${reader.path} is an archive compressed with ${compression}. Unpack it first.`,
    );
  }
  const Format = isScript(start) ? Script : Csv;
  return new Format(
    reader.path,
    reader.size,
    bytes,
    () => reader.position,
    () => reader.close(),
  );
}

/** Returns the first bytes of a stream, and all of it. */
async function peek(
  pieces: AsyncGenerator<Buffer>,
): Promise<{ start: Buffer; bytes: AsyncGenerator<Buffer> }> {
  let start: Buffer = Buffer.alloc(0);
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    start = Buffer.concat([start, next.value]);
    if (start.length >= firstBytes) break;
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield start;
    yield* pieces;
  }
  return { start, bytes: all() };
}

/** A plain dump starts with a comment or a statement; a table of values starts with the names of its columns. */
function isScript(start: Buffer): boolean {
  const [line = ''] = start
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split(/\r?\n/, 1);
  return /^(--|\/\*|\\|(set|select|copy|create|insert|begin|drop|alter)\b|truncate\s|delete\s+from\s|start\s+transaction\b)/i.test(
    line,
  );
}
