// Makes a fresh clone ready to run: installs what package-lock.json names, and builds. Quick when that is done already.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  console.error('Installing packages…');
  try {
    const npm = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', npm, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  } catch {
    console.error('npm could not install the packages: see above. It needs its registry, once.');
    process.exit(1);
  }
}
await import('./build.js');
