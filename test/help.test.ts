import { expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { buildProgram } from '../src/cli/program.ts';
import { examples } from '../src/cli/examples.ts';
import { temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

const { commands } = buildProgram();
const run = (...args: string[]) => call(args, { cwd: temporaryFolder() });

test.each(commands.map((command) => [command.name(), command] as const))(
  'the help of zen %s has examples of its options, and names a page that is there',
  async (name, command) => {
    const { code, stdout } = await run(name, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`\nExamples:\n  zen ${name}`);
    expect(existsSync(/^More: (.*)$/m.exec(stdout)?.[1] ?? '')).toBe(true);
    const typed = (examples[name] ?? []).flatMap((example) => example.match(/--[\w-]+/g) ?? []);
    const known = command.options.map(({ long }) => long);
    expect(typed.filter((option) => !known.includes(option))).toEqual([]);
  },
);

test('the help of zen has examples, and names the page to begin with', async () => {
  const { code, stdout } = await run('--help');
  expect([code, stdout]).toEqual([0, expect.stringContaining('\nExamples:\n  zen demo ')]);
  expect(existsSync(/^More: (.*README\.md)$/m.exec(stdout)?.[1] ?? '')).toBe(true);
});

test('zen alone gives a brief help', async () => {
  const { code, stdout, stderr } = await run();
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.split('\n').length).toBeLessThan(12);
  for (const line of ['zen demo', 'zen restore zen.dump', 'zen --help']) expect(stderr).toContain(line);
});

test.each(commands.map((command) => command.name()))(
  'wrong usage of zen %s gives an example, and names its help',
  async (name) => {
    const { code, stderr } = await run(name, '--frob');
    expect(code).toBe(2);
    expect(stderr).toContain(`\nFor example: zen ${name}`);
    expect(stderr).toContain(`\nSee zen ${name} --help.\n`);
  },
);

test('the usual short options stand for the long ones', () => {
  const shorts = commands.flatMap(({ options }) =>
    options.flatMap(({ short, long }) => (short ? [`${short} ${long ?? ''}`] : [])),
  );
  expect([...new Set(shorts)].sort()).toEqual(['-n --dry-run', '-o --out', '-q --quiet']);
  for (const { options } of commands)
    for (const { long, short } of options)
      if (['--dry-run', '--out', '--quiet'].includes(long ?? ''))
        expect([long, short]).toEqual([long, expect.any(String)]);
});

test('no help, and no wrong usage, makes a file', async () => {
  const cwd = temporaryFolder();
  for (const args of [
    ['--help'],
    ['nightly', '--help'],
    ['render', '--frob'],
    ['config'],
    ['schedule', '--cron'],
  ])
    await call(args, { cwd });
  expect(readdirSync(cwd)).toEqual([]);
});
