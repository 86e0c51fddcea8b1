import { afterEach, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { Terminal } from '../src/cli/terminal.ts';
import type { Streams } from '../src/cli/terminal.ts';

process.env.FORCE_COLOR = '1'; // before the spinner is loaded: nobody is at the terminal of a test

afterEach(() => {
  delete process.env.NO_COLOR;
});

/** What is shown on a terminal while something is done. */
async function show(): Promise<string> {
  const moves = {
    isTTY: true,
    columns: 80,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  };
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), moves);
  let said = '';
  stderr.on('data', (text: string) => (said += text));
  await new Terminal({}, { stderr } as unknown as Streams).during('Working', () => Promise.resolve());
  return said;
}

test.each([
  [undefined, true],
  ['', true],
  ['1', false],
])('with NO_COLOR %j, whether the spinner has a colour is %j', async (value, coloured) => {
  if (value !== undefined) process.env.NO_COLOR = value;
  const said = await show();
  expect(said).toContain('Working');
  expect(said.includes('\x1b[36m')).toBe(coloured);
});
