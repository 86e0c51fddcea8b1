import { expect, test } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildProgram } from '../src/cli/program.ts';
import { exits } from '../src/errors.ts';

const readme = readFileSync('README.md', 'utf8');
const { commands } = buildProgram();
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** The documents that are held to the code: all but the list of changes, which tells of what is gone. */
const documents = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'README.md',
  'SECURITY.md',
  ...filesIn('docs').filter((path) => path.endsWith('.md')),
];

/** Words of other programs, which stand nowhere in the code. */
const foreign = ['crontab', 'pg_dumpall', 'pipefail', 'ulimit'];

const folders = ['bin', 'docs', 'fixtures', 'scripts', 'sql', 'src', 'templates', 'test'];
const files = folders.flatMap(filesIn);
const code = files
  .filter((path) => /\.(ts|js|sql|hbs|css|json|service|timer)$/.test(path) && !path.endsWith('docs.test.ts'))
  .concat('package.json')
  .map((path) => withoutComments(readFileSync(path, 'utf8')))
  .join('\n');
const words = new Set([...(code.match(/[\w$]+/g) ?? []), ...foreign]);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A name that stands only in a comment is as dead as one that stands nowhere. */
function withoutComments(source: string): string {
  return source.replace(/^\s*(\/\/|\/?\*|--).*$| \/\/ .*$/gm, '');
}

/** Returns what stands in backticks within lines, each once. */
function codeSpans(document: string): string[] {
  const lines = readFileSync(document, 'utf8').replace(/^```[^]*?^```/gm, '');
  return [...new Set([...lines.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span))];
}

const pathLike = new RegExp(
  `(?<![\\w/.:])(?:(?:${folders.join('|')})/[\\w.<>*/-]*|[\\w.<>*/-]+\\.(?:ts|sql|hbs|md)\\b)`,
  'g',
);

/** A path may leave out where it begins (`zstd.ts`); `*` and `<name>` stand for any name. */
function isPath(path: string): boolean {
  const pattern = path
    .replace(/\/$/, '')
    .replace(/[.+]/g, '\\$&')
    .replace(/\*|<\w+>/g, '[^/]+');
  const search = new RegExp(`(^|/)${pattern}(/|$)`);
  return files.some((file) => search.test(file)) || code.includes(`'${path}'`);
}

/** Returns the words of a span that the code does not have, with its options and names of several words. */
function unknownWords(span: string): string[] {
  const rest = span.replace(pathLike, ' ').replace(/<[\w ]+>/g, ' ');
  return (rest.match(/--[\w-]+|(?<![\w%])[a-z_$][\w$]+(?:-[\w$]+)*/gi) ?? []).filter(
    (word) => !(words.has(word) || (/-|_$/.test(word) && code.includes(word))),
  );
}

test.each(commands.map((command) => [command.name(), command] as const))(
  'the README holds what zen %s --help prints',
  (_, command) => {
    const help = command.configureHelp({ helpWidth: 110 }).helpInformation();
    expect(readme).toContain(help.trim());
  },
);

/** Of a schedule it is the files that are printed else. */
const printing = commands.filter(
  (command) => command.name() !== 'schedule' && command.options.some(({ long }) => long === '--json'),
);

test.each(printing.map((command) => command.name()))('the README tells what zen %s --json prints', (name) => {
  const [, , after = ''] =
    /<!-- help (\w+) -->\n```[^]*?```\n([^]*?)(?=\n#|$)/.exec(
      readme.slice(readme.indexOf(`<!-- help ${name} -->`)),
    ) ?? [];
  expect(after).toContain('`--json`');
});

test('the README tells every exit code', () => {
  for (const code of Object.values(exits)) expect(readme).toContain(`| ${code} |`);
});

test.each(documents)('%s names paths that exist', (document) => {
  const paths = codeSpans(document).flatMap((span) => span.match(pathLike) ?? []);
  const links = [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
    ([, link = '']) => join(dirname(document), link),
  );
  expect(paths.filter((path) => !isPath(path))).toEqual([]);
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});

test.each(documents)('%s names in backticks what the code has', (document) => {
  expect(codeSpans(document).flatMap(unknownWords)).toEqual([]);
});

test.each(documents)('what %s asks to type exists', (document) => {
  const typed = readFileSync(document, 'utf8');
  const runs = [...typed.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  const verbs = [...typed.matchAll(/`zen ([a-z]+)/g)].map(([, name = '']) => name);
  expect(runs.filter((name) => !(name in scripts))).toEqual([]);
  expect(verbs.filter((name) => !commands.some((command) => command.name() === name))).toEqual([]);
});

test('the page on security names tests that are there, and the README leads to it', () => {
  const security = readFileSync('docs/security.md', 'utf8');
  const named = [
    ...new Set([...security.matchAll(/`(test\/\w+\.test\.ts)`/g)].map(([, name]) => name ?? '')),
  ];
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !existsSync(name))).toEqual([]);
  for (const link of ['(docs/security.md)', '(SECURITY.md)']) expect(readme).toContain(link);
});

test('the glossary gives each term once, on three screens at most', () => {
  const glossary = readFileSync('docs/glossary.md', 'utf8');
  const terms = [...glossary.matchAll(/\*\*([^*]+)\*\*/g)].map(([, term = '']) => term.toLowerCase());
  expect(terms.length).toBeGreaterThan(50);
  expect(terms.filter((term, at) => terms.indexOf(term) !== at)).toEqual([]);
  expect(glossary.split('\n').length).toBeLessThan(120);
});

test('ARCHITECTURE is read in one sitting: 6 kB', () => {
  expect(Buffer.byteLength(readFileSync('ARCHITECTURE.md', 'utf8'))).toBeLessThan(6144);
});
