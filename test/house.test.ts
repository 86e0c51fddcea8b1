import { expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Which rooms of `src` a room may import from, beside itself. Files of `src` itself are rooms of their own. */
const directions: Record<string, string[]> = {
  cli: [
    'project',
    'suggest',
    'restore',
    'aggregate',
    'people',
    'log',
    'render',
    'mail',
    'nightly',
    'ledger',
    'db',
    'config',
    'errors',
    'files',
    'output',
    'shared',
    'time',
  ],
  project: ['errors', 'files', 'shared', 'suggest'],
  restore: ['ledger', 'db', 'errors', 'files', 'time'],
  aggregate: ['people', 'ledger', 'log', 'async', 'db', 'errors', 'files', 'shared', 'suggest', 'time'],
  people: ['ledger', 'log', 'async', 'db', 'errors', 'files', 'shared', 'time'],
  log: ['db', 'errors', 'files', 'time', 'shared'],
  async: [],
  render: ['ledger', 'log', 'async', 'db', 'errors', 'files', 'suggest', 'time', 'shared'],
  mail: ['render', 'files', 'shared'],
  nightly: ['ledger', 'log', 'db', 'errors', 'files', 'output', 'time', 'shared'],
  ledger: ['log', 'db', 'errors', 'files', 'time', 'shared'],
  db: ['config', 'errors', 'files'],
  client: ['shared'],
  shared: [],
  config: ['errors'],
  time: ['errors', 'shared'],
  output: ['errors', 'files', 'time'],
  files: [],
  errors: [],
  suggest: [],
};

const sources = listSources('src');

function listSources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));
}

function roomOf(path: string): string {
  return path.split(/[/\\]/)[1]?.replace('.ts', '') ?? '';
}

test.each(sources)('%s imports only where its room may', (path) => {
  const imports = [...readFileSync(path, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(
    ([, target]) => target ?? '',
  );
  const rooms = imports.map((target) => roomOf(normalize(join(dirname(path), target))));
  const room = roomOf(path);
  expect(Object.keys(directions)).toContain(room);
  expect(rooms.filter((other) => other !== room && !directions[room]?.includes(other))).toEqual([]);
});

test('the environment is read in config alone, and only cli prints', () => {
  const holding = (text: RegExp) => sources.filter((path) => text.test(readFileSync(path, 'utf8')));
  expect(holding(/process\.env/)).toEqual(['src/config.ts']);
  expect(holding(/process\.(stdout|stderr|exit)|console\./).filter((path) => roomOf(path) !== 'cli')).toEqual(
    [],
  );
});

test('the top level is the house, and ARCHITECTURE names its folders and all rooms', () => {
  const folders = readdirSync('.', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\..*|dist|node_modules)$/.test(entry.name))
    .map(({ name }) => name)
    .sort();
  expect(folders).toEqual('bin docs examples fixtures output scripts sql src templates test'.split(' '));
  const architecture = readFileSync('ARCHITECTURE.md', 'utf8');
  expect(folders.filter((name) => !architecture.includes(`${name}/`))).toEqual([]);
  expect(Object.keys(directions).filter((room) => !architecture.includes(`\`${room}\``))).toEqual([]);
});

test('a name means one thing: fewer than one definition in ten has a name that another file defines, too', () => {
  const top = /^(?:export )?(?:abstract |async )?(?:function\*?|class|interface|type|const|let) (\w+)/gm;
  const definitions = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(top)].map(([, name = '']) => ({ name, path })),
  );
  const places = new Map<string, Set<string>>();
  for (const { name, path } of definitions) places.set(name, (places.get(name) ?? new Set()).add(path));
  const shared = definitions.filter(({ name }) => (places.get(name)?.size ?? 0) > 1);
  expect(definitions.length).toBeGreaterThan(1000);
  expect(shared.length / definitions.length).toBeLessThan(0.1);
});

test('a comment on a definition opens with a verb or with the thing, never with a question word', () => {
  const opening = /^\s*\/\*\*\s+(?:\* )?((?:What|Whether|How|Why|Who|So much)\b.*)/gm;
  const found = ['test', 'scripts', 'fixtures']
    .flatMap(listSources)
    .concat(sources)
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(opening)].map(([, line = '']) => `${path}: ${line}`),
    );
  expect(found).toEqual([]);
});
