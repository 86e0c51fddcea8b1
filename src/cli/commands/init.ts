import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ZenError } from '../../errors.ts';
import { listShipped, readBytes } from '../../files.ts';
import { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

/** The schema of zen.json, by which editors complete and check it. */
const schema = 'zen.schema.json';

/**
 * Makes a small project that works: settings, an aggregate, a chart, and two days of events to try them on.
 *
 * @throws ZenError `usage` where one of its files is there already: nothing is written then
 */
export function runInit(folder: string, streams?: Streams): void {
  const files = [
    ...listShipped('templates/init').map((path) => ({ path, from: `templates/init/${path}` })),
    { path: schema, from: `templates/${schema}` },
  ];
  const there = files.find(({ path }) => existsSync(join(folder, path)));
  if (there)
    throw new ZenError(
      'usage',
      `${join(folder, there.path)} already exists. Name a new folder: zen init <folder>.`,
    );
  for (const { path, from } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, readBytes(from), { flag: 'wx' });
  }
  const where = resolve(folder) === process.cwd() ? '' : `cd ${folder}\n  `;
  new Terminal({}, streams).print(
    `Made a project in ${resolve(folder)}. To see it:\n\n  ${where}zen restore demo.csv.gz\n  zen aggregate\n  zen render`,
  );
}
