import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../src/db/open.ts';
import { newTarget, temporaryFolder } from './support/databases.ts';
import { call } from './support/zen.ts';

test('a new project shows its events by the commands of its README, and all of it is sound', async () => {
  const above = temporaryFolder();
  writeFileSync(join(above, 'zen.json'), 'no JSON: a project above is not looked at');
  const made = await call(['init', 'news'], { cwd: above });
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const cwd = join(above, 'news');
  const target = newTarget('server');
  if (target.kind !== 'server') throw new Error('It is a server.');
  await (await openDatabase(target, { create: true })).close();
  const env = { ZEN_DATABASE_URL: target.url };
  const commands = [...readFileSync(join(cwd, 'README.md'), 'utf8').matchAll(/^ {4}zen (.*)$/gm)];
  expect(commands).toHaveLength(3);
  for (const [, command = ''] of commands)
    expect(await call(command.split(' '), { cwd, env })).toMatchObject({ code: 0 });
  const html = readFileSync(join(cwd, 'output/zen.html'), 'utf8');
  expect(html).toContain('<title>My dashboard</title>');
  expect(html).toMatch(
    /<zen-chart id="hours" data-area="wide">[^]*?<p class="finding">The largest of 8\stopics /,
  );
  const checked = await call(['check'], { cwd, env });
  expect([
    checked.code,
    checked.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ok')),
  ]).toEqual([0, []]);
}, 60_000);

test('nothing is written where one of its files is', async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'README.md'), 'mine');
  const { code, stderr } = await call(['init'], { cwd });
  expect([code, stderr]).toEqual([2, 'README.md already exists. Name a new folder: zen init <folder>.\n']);
  expect(readdirSync(cwd)).toEqual(['README.md']);
  expect(readFileSync(join(cwd, 'README.md'), 'utf8')).toBe('mine');
});
