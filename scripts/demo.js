// The main job, from a fresh clone, with nothing but Node and npm: a backup in, a dashboard out.
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import './ready.js';

const database = ['--database', '.zen/demo'];
const zen = (...args) =>
  execFileSync(process.execPath, ['bin/zen.js', ...args, ...database], { stdio: 'inherit' });

zen('restore', 'fixtures/zen.dump');
zen('aggregate');
zen('render', '--out', 'output/zen.html');

console.log(`
The dashboard is ready: ${resolve('output/zen.html')}
Open it in a browser:   ${pathToFileURL('output/zen.html').href}
It is one file and needs no network: send it by mail, or put it on any web server.`);
