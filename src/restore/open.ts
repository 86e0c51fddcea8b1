import { stat } from 'node:fs/promises';
import { gunzipSync, constants } from 'node:zlib';
import { messageOf, ZenError } from '../errors.ts';
import type { Backup } from './backup.ts';
import { Csv } from './csv.ts';
import { Custom } from './custom.ts';
import { Directory } from './directory.ts';
import { inflate } from './inflate.ts';
import { Reader } from './reader.ts';
import { Script } from './script.ts';
import { isTar, Tar } from './tar.ts';
import { readToc } from './toc.ts';

const firstBytes = 4096;

/**
 * Opens a backup, of whatever format: told by what it holds, not by its name.
 *
 * @throws ZenError `failed` when there is none, or it is not a backup
 */
export async function openBackup(path: string): Promise<Backup> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ZenError('failed', `Cannot read the dump ${path}: ${messageOf(error)}.`, { cause: error });
  });
  if (found.isDirectory()) return Directory.open(path);
  const reader = await Reader.open(path);
  try {
    return await openFile(reader);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function openFile(reader: Reader): Promise<Backup> {
  const start = await reader.bytes(Math.min(firstBytes, reader.size));
  reader.seek(0);
  if (start.length === 0) throw new ZenError('failed', `${reader.path} is empty. Copy it again.`);
  if (start.toString('latin1', 0, 5) === 'PGDMP') return openArchive(reader);
  if (isTar(start)) return Tar.open(reader);
  const gzipped = start[0] === 0x1f && start[1] === 0x8b;
  return openText(reader, gzipped ? 'gzip' : 'none', gzipped ? gunzipStart(start) : start);
}

async function openArchive(reader: Reader): Promise<Backup> {
  const toc = await readToc(reader);
  if (toc.format !== 'custom') {
    throw new ZenError(
      'failed',
      `${reader.path} is only the contents of a backup: name the ${toc.format} that it came with.`,
    );
  }
  return new Custom(reader, toc);
}

function openText(reader: Reader, compression: 'gzip' | 'none', start: Buffer): Backup {
  const Format = isScript(start) ? Script : Csv;
  const bytes = inflate(reader.rest(), compression, reader.path);
  return new Format(
    reader.path,
    reader.size,
    bytes,
    () => reader.position,
    () => reader.close(),
  );
}

/** The beginning of a file, as far as its first bytes can be inflated. */
function gunzipStart(start: Buffer): Buffer {
  try {
    return gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

/** A plain dump starts with a comment or a statement; a table of values starts with the names of its columns. */
function isScript(start: Buffer): boolean {
  const [line = ''] = start
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split(/\r?\n/, 1);
  return /^(--|\/\*|\\|(set|select|copy|create|insert|begin|drop|alter)\b)/i.test(line);
}
