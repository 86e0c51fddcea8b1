// Runs test/model.test.ts over more commands than `npm test` does: npm run test:model -- [seed] [commands]. Without a seed, it is
// the time, so that each run tries other sequences.
import { spawnSync } from 'node:child_process';

const [seed = String(Math.floor(Date.now() / 1000)), steps = '5000'] = process.argv.slice(2);
console.error(`npm run test:model -- ${seed} ${steps}`);
const { status } = spawnSync('npm', ['test', '--', 'test/model'], {
  env: { ...process.env, ZEN_TEST_SEED: seed, ZEN_TEST_STEPS: steps },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exitCode = status ?? 1;
