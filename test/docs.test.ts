import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { buildProgram } from '../src/cli/program.ts';
import { exits } from '../src/errors.ts';

const readme = readFileSync('README.md', 'utf8');
const { commands } = buildProgram();

test.each(commands.map((command) => [command.name(), command] as const))(
  'the README holds what zen %s --help prints',
  (_, command) => {
    const help = command.configureHelp({ helpWidth: 110 }).helpInformation();
    expect(readme).toContain(help.trim());
  },
);

test.each(commands.map((command) => command.name()).filter((name) => name !== 'schedule'))(
  'the README tells what zen %s --json prints',
  (name) => {
    const [, , after = ''] =
      /<!-- help (\w+) -->\n```[^]*?```\n([^]*?)(?=\n#|$)/.exec(
        readme.slice(readme.indexOf(`<!-- help ${name} -->`)),
      ) ?? [];
    expect(after).toContain('`--json`');
  },
);

test('the README tells every exit code', () => {
  for (const code of Object.values(exits)) expect(readme).toContain(`| ${code} |`);
});

test('what the README asks to type exists', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const typed = [...readme.matchAll(/npm run (\w+)/g)].map(([, name]) => name ?? '');
  expect(typed).toContain('demo');
  expect(typed.filter((name) => !(name in scripts))).toEqual([]);
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
