// Runs what CI asks of the code: lint and types side by side, as each keeps one core busy, and then the tests. npm run check.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import './ready.js';

/** Runs a script of package.json; its output comes when it has ended, so that no other's gets in between. */
async function run(name, stdio = 'pipe') {
  const child = spawn('npm', ['run', '--silent', name], {
    stdio: ['ignore', stdio, stdio],
    shell: process.platform === 'win32',
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => said.push(part));
  const [code] = await once(child, 'close');
  process.stdout.write(Buffer.concat(said));
  return code === 0;
}

const isSound = await Promise.all([run('lint'), run('typecheck')]);
if (isSound.includes(false) || !(await run('test', 'inherit'))) process.exitCode = 1;
