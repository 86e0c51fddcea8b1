// Tries each line of Node that Zen supports, with binaries from npm: npm run nodes. The tests of formats and pages that need no database
// have to pass on each, and a page of the same tables has to be the same to the byte. Where npm has no binaries, it says so.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './ready.js';

const versions = ['20.19', '22', '24'];
const tests = 'test/(columns|csv|cube|expression|fit|inflate|numbers|rows|spreadsheet|windows)\\.';
const folder = mkdtempSync(join(tmpdir(), 'zen-nodes-'));
/** The moment of making it is in a page. */
const fixed = 'data:text/javascript,Date.now=()=>1569369600000';

/** The names of the binaries' packages, each under one of its own. */
function install() {
  const binary = `node-${process.platform}-${process.arch}`;
  const packages = versions.map((version) => `node-${version}@npm:${binary}@${version}`);
  const npm = [
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  return spawnSync('npm', [...npm, ...packages], { stdio: 'inherit', timeout: 180_000 }).status === 0;
}

function attempt(version) {
  const node = join(folder, `node_modules/node-${version}/bin/node`);
  const run = (...args) => execFileSync(node, args, { encoding: 'utf8', stdio: 'pipe' });
  const page = join(folder, `${version}.html`);
  run(
    '--import',
    fixed,
    'bin/zen.js',
    'render',
    '--quiet',
    '--out',
    page,
    '--database',
    join(folder, 'database'),
  );
  const hash = createHash('sha256').update(readFileSync(page)).digest('hex');
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  run(...jest, '--silent', '--config', 'test/support/quick.js', tests);
  console.log(`Node ${run('--version').trim()}: page ${hash.slice(0, 16)}, tests passed`);
  return hash;
}

try {
  if (!install()) console.log('Skipped: npm has no binaries of Node for this machine.');
  else {
    const zen = (...args) =>
      execFileSync(process.execPath, [
        'bin/zen.js',
        ...args,
        '--quiet',
        '--database',
        join(folder, 'database'),
      ]);
    zen('restore', 'fixtures/zen.dump');
    zen('aggregate', '--end-dt', '2019-09-25');
    const pages = new Set(versions.map(attempt));
    if (pages.size > 1) throw new Error('The pages differ.');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
