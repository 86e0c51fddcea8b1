import { expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './support/databases.ts';

test('the package, installed elsewhere, brings all that zen needs', () => {
  const folder = temporaryFolder();
  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd,
      encoding: 'utf8',
    });
  const [packed] = JSON.parse(
    npm('.', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder),
  ) as {
    filename: string;
    files: { path: string }[];
  }[];
  const paths = packed?.files.map(({ path }) => path) ?? [];
  expect(
    paths.filter(
      (path) => !/^(bin|dist|docs|sql|templates)\/|^(package\.json|README\.md|LICENSE)$/.test(path),
    ),
  ).toEqual([]);
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  npm(folder, 'install', '--omit=dev', join(folder, packed?.filename ?? ''));
  const zen = (...args: string[]) =>
    spawnSync(join(folder, 'node_modules/.bin/zen'), args, { cwd: folder, encoding: 'utf8' });
  writeFileSync(
    join(folder, 'log.csv'),
    'ts,user_id,event,item_topic,source_topic,age_segment\n1,1,show,b,c,d\n',
  );
  for (const args of [['restore', 'log.csv'], ['aggregate'], ['render']]) {
    expect(zen(...args)).toMatchObject({ status: 0 });
  }
  expect(existsSync(join(folder, 'output/zen.html'))).toBe(true);
});
