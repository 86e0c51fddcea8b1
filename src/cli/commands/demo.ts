import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findShipped } from '../../files.ts';
import { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

/** Not .zen, which is for a log of one's own: the pages of the two must not mix. */
const database = ['--database', '.zen-demo'];
const out = 'output/zen.html';

/**
 * Does the main job in the current folder: a backup that ships with Zen, in; a dashboard, out.
 *
 * @param run runs a command line
 */
export async function runDemo(run: (args: string[]) => Promise<unknown>, streams?: Streams): Promise<void> {
  await run(['restore', findShipped('fixtures/zen.dump'), '--yes', ...database]);
  await run(['aggregate', ...database]);
  await run(['render', '--out', out, ...database]);
  new Terminal({}, streams).print(
    `\nThe dashboard is ready: ${resolve(out)}\n` +
      `Open it in a browser:   ${pathToFileURL(out).href}\n` +
      'It is one file and needs no network: send it by mail, or put it on any web server.',
  );
}
