import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from './databases.ts';
import { zen } from './zen.ts';
import type { Outcome, Place } from './zen.ts';

/** The cost of a process: memory at the most, and processor time, which a busy machine lengthens less than that of a clock. */
export interface Cost {
  megabytes: number;
  seconds: number;
}

/** Runs zen, and gives what it took; of systems other than Linux nothing is known, and both are zero. */
export async function measure(args: string[], place: Place): Promise<Outcome & Cost> {
  const peak = join(temporaryFolder(), 'peak');
  const env = existsSync('/proc/self/status')
    ? { NODE_OPTIONS: `--import ${pathToFileURL(resolve('test/support/peak.js')).href}`, ZEN_TEST_PEAK: peak }
    : {};
  const outcome = await zen(args, { ...place, env: { ...place.env, ...env } });
  const read = (file: string) => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0);
  return { ...outcome, megabytes: read(peak) / 1024, seconds: read(`${peak}.seconds`) };
}
