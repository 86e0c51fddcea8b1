// The quick lane: the test files that need neither a server nor a browser, nor run zen as a process. They say so by what they import.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import all from '../../jest.config.js';

const rootDir = fileURLToPath(new URL('../..', import.meta.url));
const slow =
  /'npm'|support\/(browser|postgres|stranger|world|zen)\.ts|\b(kinds|new(Database|Target|Url))\b|from '.*\/db\/open\.ts'/;
const isQuick = (name) =>
  name.endsWith('.test.ts') && !slow.test(readFileSync(`${rootDir}/test/${name}`, 'utf8'));

export default {
  ...all,
  globalSetup: undefined,
  globalTeardown: undefined,
  rootDir,
  testMatch: readdirSync(`${rootDir}/test`)
    .filter(isQuick)
    .map((name) => `<rootDir>/test/${name}`),
};
