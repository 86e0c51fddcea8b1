import { expect, test } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildProgram } from '../src/cli/program.ts';
import { buildDocuments } from '../scripts/documents.ts';
import { exits } from '../src/errors.ts';

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

const folders = ['bin', 'docs', 'examples', 'fixtures', 'scripts', 'sql', 'src', 'templates', 'test'];
const files = folders.flatMap(filesIn);
const code = files
  .filter((path) => /\.(ts|js|sql|hbs|css|json|service|timer)$/.test(path) && !path.endsWith('docs.test.ts'))
  .concat('package.json', 'compose.yaml')
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

/** Returns a document without its blocks of code. */
function prose(document: string): string {
  return readFileSync(document, 'utf8').replace(/^```[^]*?^```/gm, '');
}

/** Returns the anchors that GitHub gives the headings of a document. */
function anchors(document: string): string[] {
  return [...prose(document).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

/** Returns what stands in backticks within lines, each once. */
function codeSpans(document: string): string[] {
  return [...new Set([...prose(document).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span))];
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

test.each(Object.entries(await buildDocuments()))(
  '%s holds what the code says (npm run readme)',
  (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  },
);

test('each page of docs/cli is of a command', () => {
  expect(readdirSync('docs/cli').sort()).toEqual(commands.map((command) => `${command.name()}.md`).sort());
});

const printing = commands.filter(({ options }) => options.some(({ long }) => long === '--json'));

test.each(printing.map((command) => command.name()))(
  'docs/json-output.md tells what zen %s --json prints',
  (name) => {
    expect(anchors('docs/json-output.md')).toContain(`zen-${name}`);
  },
);

test('docs/operate.md tells every exit code', () => {
  const operate = readFileSync('docs/operate.md', 'utf8');
  for (const code of Object.values(exits)) expect(operate).toContain(`| ${code} |`);
});

test.each(documents)('%s names paths that exist', (document) => {
  const paths = codeSpans(document)
    .filter((span) => !span.startsWith('npm test -- '))
    .flatMap((span) => span.match(pathLike) ?? []);
  expect(paths.filter((path) => !isPath(path))).toEqual([]);
});

test.each(documents)('%s links to files and headings that exist', (document) => {
  const links = [...prose(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    const path = file === '' ? document : join(dirname(document), file);
    return !existsSync(path) || (anchor !== undefined && !anchors(path).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test.each(documents)('%s names in backticks what the code has', (document) => {
  expect(codeSpans(document).flatMap(unknownWords)).toEqual([]);
});

test.each(documents)('what %s asks to type exists', (document) => {
  const typed = readFileSync(document, 'utf8');
  const runs = [...typed.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  const verbs = [...typed.matchAll(/`zen ([a-z]+)/g)].map(([, name = '']) => name);
  const tests = [...typed.matchAll(/npm test -- (test\/[\w. /]+)/g)].flatMap(([, names = '']) =>
    names.trim().split(' '),
  );
  expect(runs.filter((name) => !(name in scripts))).toEqual([]);
  expect(tests.filter((name) => !files.some((file) => file.startsWith(name)))).toEqual([]);
  expect(verbs.filter((name) => !commands.some((command) => command.name() === name))).toEqual([]);
});

test('the page on security names tests that are there', () => {
  const security = readFileSync('docs/security.md', 'utf8');
  const named = [
    ...new Set([...security.matchAll(/`(test\/\w+\.test\.ts)`/g)].map(([, name]) => name ?? '')),
  ];
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !existsSync(name))).toEqual([]);
});

test('the glossary gives each term once, on three screens at most', () => {
  const glossary = readFileSync('docs/glossary.md', 'utf8');
  const terms = [...glossary.matchAll(/\*\*([^*]+)\*\*/g)].map(([, term = '']) => term.toLowerCase());
  expect(terms.length).toBeGreaterThan(50);
  expect(terms.filter((term, at) => terms.indexOf(term) !== at)).toEqual([]);
  expect(glossary.split('\n').length).toBeLessThan(120);
});

const decisions = documents.filter((path) => path.startsWith('docs/design/') && !path.endsWith('README.md'));

test.each(decisions)('%s is one decision, which the list of them names', (path) => {
  const headings = ['Context', 'Decision', 'Consequence', 'Measured'];
  expect(readFileSync(path, 'utf8').match(/(?<=^## ).*/gm)).toEqual(headings);
  expect(readFileSync('docs/design/README.md', 'utf8')).toContain(`(${path.slice('docs/design/'.length)})`);
});

test('the gallery of docs/charts.md names each chart that ships', () => {
  const charts = readFileSync('docs/charts.md', 'utf8');
  const shipped = readdirSync('templates/charts').map((file) => file.replace('.vl.json', ''));
  expect(shipped.filter((name) => !charts.includes(`| \`${name}\` |`))).toEqual([]);
});

const pages = documents.filter((path) => path.startsWith('docs/') && !path.startsWith('docs/design/'));

test.each(pages)('%s is read in one sitting: 8 kB', (page) => {
  expect(Buffer.byteLength(readFileSync(page))).toBeLessThanOrEqual(8192);
});

test.each([
  ['README.md', 5120],
  ['ARCHITECTURE.md', 6144],
])('%s has %i bytes at most', (document, most) => {
  expect(Buffer.byteLength(readFileSync(document))).toBeLessThanOrEqual(most);
});

test.each(pages.filter((page) => !page.startsWith('docs/cli/')))('%s begins with whom it is for', (page) => {
  expect(readFileSync(page, 'utf8')).toMatch(/^# .*\n\nFor /);
});

test('the README leads to every page', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    const links = [...prose(page).matchAll(/\]\((?!https?:)([^)#]+\.md)/g)];
    for (const [, link = ''] of links) reached.add(join(dirname(page), link));
  }
  expect([...pages, 'SECURITY.md', 'CHANGELOG.md'].filter((page) => !reached.has(page))).toEqual([]);
});

test('the pages of messages hold each that stands in the source as it is', () => {
  const said = filesIn('docs/messages')
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const literals = filesIn('src').flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/new ZenError\(\s*'\w+',\s*'([^'\\]+)'/g)].map(
      ([, text = '']) => text,
    ),
  );
  expect(literals.length).toBeGreaterThan(15);
  expect(literals.filter((text) => !said.includes(text.replaceAll('<', '\\<')))).toEqual([]);
});
