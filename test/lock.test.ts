import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { lockFile } from '../src/db/lockfile.ts';
import { temporaryFolder } from './support/databases.ts';

const newPath = () => join(temporaryFolder(), 'zen.lock');

function write(path: string, owner: object): void {
  writeFileSync(
    path,
    JSON.stringify({ id: 'x', host: hostname(), born: '1', since: '2019-09-24T18:00:00Z', ...owner }),
  );
}

function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

/** Eight takers at once; how many were inside together at most. */
async function crowd(path: string): Promise<number> {
  let [inside, most] = [0, 0];
  const taker = async () => {
    const release = await lockFile(path, 60_000);
    most = Math.max(most, ++inside);
    for (let turns = 0; turns < 5; turns++) await turn();
    inside--;
    await release();
  };
  await Promise.all(Array.from({ length: 8 }, taker));
  return most;
}

test('of eight takers one holds the lock at a time, and nothing is left', async () => {
  const path = newPath();
  expect(await crowd(path)).toBe(1);
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test.each([
  ['a process that is dead', () => ({ pid: deadProcess() })],
  ['a process whose number another one has now', () => ({ pid: process.pid, born: 'long ago' })],
])('the lock of %s is taken over, by one taker at a time', async (_, owner) => {
  const path = newPath();
  write(path, owner());
  expect(await crowd(path)).toBe(1);
});

test('a lock that a power cut left empty is taken over', async () => {
  const path = newPath();
  writeFileSync(path, '');
  await (
    await lockFile(path)
  )();
});

test('a lock that is held is refused by the name of its holder', async () => {
  const path = newPath();
  const release = await lockFile(path);
  await expect(lockFile(path)).rejects.toThrow(
    `Another zen (process ${process.pid} on ${hostname()}, since 20`,
  );
  await release();
  await (
    await lockFile(path)
  )();
});

test('the lock of another machine is never taken over', async () => {
  const path = newPath();
  write(path, { pid: deadProcess(), host: 'elsewhere' });
  const before = readFileSync(path, 'utf8');
  await expect(lockFile(path)).rejects.toMatchObject({
    failure: 'locked',
    message: expect.stringContaining(`on elsewhere, since 2019-09-24T18:00:00Z`),
  });
  expect(readFileSync(path, 'utf8')).toBe(before);
});
