import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { zen } from './support/zen.ts';

const cwd = temporaryFolder();
const url = newUrl();
writeFileSync(join(cwd, 'log.csv'), 'ts,user_id,event,item_topic,source_topic,age_segment\n1,1,a,b,c,d\n');

/** Makes a process take its stderr for a terminal. */
const terminal = `const move = () => true;
Object.assign(process.stderr, { isTTY: true, columns: 80, cursorTo: move, clearLine: move, moveCursor: move });`;

test.each([
  [undefined, true],
  ['', true],
  ['1', false],
])('with NO_COLOR %j, whether the spinner has a colour is %j', async (value, coloured) => {
  const env = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(terminal)}`,
    FORCE_COLOR: '1', // whatever the terminal of the test can show
    ...(value === undefined ? {} : { NO_COLOR: value }),
  };
  const args = ['restore', 'log.csv', '--database', url, '--create', '--yes'];
  const { code, stderr } = await zen(args, { cwd, env });
  expect(stderr).toContain('Restoring');
  expect(stderr.includes('\x1b[36m')).toBe(coloured);
  expect(code).toBe(0);
});
