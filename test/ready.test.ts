import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './support/databases.ts';

test('a clone builds in a folder of any name, called from anywhere', () => {
  const clone = join(temporaryFolder(), 'моя папка 100% #1');
  mkdirSync(clone);
  for (const name of ['package-lock.json', 'package.json', 'tsconfig.json', 'scripts', 'src', 'templates']) {
    cpSync(name, join(clone, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(resolve('node_modules'), join(clone, 'node_modules'));
  execFileSync(process.execPath, [join(clone, 'scripts/ready.js')], { cwd: '/' });
  for (const name of ['zen.js', 'client.js', 'page.css'])
    expect(existsSync(join(clone, 'dist', name))).toBe(true);
});
