// Runs the tests with all their random and repeated cases, of which `npm test` takes a tenth: npm run test:all [-- test/crash].
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('npm', ['test', '--', ...process.argv.slice(2)], {
  env: { ...process.env, ZEN_TEST_CASES: 'all' },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exitCode = status ?? 1;
