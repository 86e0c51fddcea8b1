import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Database } from '../../db/database.ts';
import { ZenError, reasonOf } from '../../errors.ts';
import { describeCount } from '../format.ts';
import type { CommonOptions } from '../options.ts';
import { runCommand } from '../run.ts';
import type { Report } from '../run.ts';
import { Terminal } from '../terminal.ts';

export type VerifyFlags = CommonOptions & ReadOptions;

/** The page is compared with a database when one is named. */
export async function runVerify(file: string, flags: VerifyFlags): Promise<void> {
  const { roomFor, verify } = await import('../../render/verify.ts');
  const { describeDifference } = await import('../../render/compare.ts');
  const html = await readPageFile(file, flags.maxSize);
  const report = async (db?: Database): Promise<Report> => {
    const { manifest, differences } = await verify(html, db, roomFor(flags.maxSize * 1e6));
    const told = differences.map(describeDifference);
    const held = `${file} is whole: ${describeCount(manifest.events, 'event')}, ${manifest.start} … ${manifest.end}, by zen ${manifest.zen}`;
    return {
      text: told.length > 0 ? told.join('\n') : `${held}${db ? `, as in ${db.label}` : ''}.`,
      json: { file: resolve(file), verified: told.length === 0, manifest, differences },
      failure:
        told.length > 0 ? new ZenError('stale', `${file} is not what it states: see above.`) : undefined,
    };
  };
  await printReport(flags, report);
}

/** Prints a report, and opens a database only if one is named. */
export async function printReport(
  flags: CommonOptions,
  report: (db?: Database) => Promise<Report>,
): Promise<void> {
  if (flags.database !== undefined) return runCommand(flags, report);
  const { text, json, failure } = await report();
  new Terminal({ quiet: flags.quiet === true }).print(flags.json ? JSON.stringify(json) : text);
  if (failure) throw failure;
}

/** Bounds for reading a page that may be a stranger's. */
export interface ReadOptions {
  /** Megabytes. */
  maxSize: number;
}

/** Reads a page of at most some megabytes, and never more than that from a larger or endless file. */
export async function readPageFile(file: string, maxSize: number): Promise<Buffer> {
  try {
    const handle = await open(file);
    try {
      const most = maxSize * 1e6;
      if ((await handle.stat()).size <= most) {
        const pieces: Buffer[] = [];
        const stream = handle.createReadStream({ end: most, autoClose: false });
        for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
        const page = Buffer.concat(pieces);
        if (page.length <= most) return page;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new ZenError('failed', `Cannot read ${file}: ${reasonOf(error)}.`, { cause: error });
  }
  const larger = `${file} is larger than the ${maxSize} MB that a page may take`;
  throw new ZenError('failed', `${larger}. If it is yours, allow more (--max-size).`);
}
