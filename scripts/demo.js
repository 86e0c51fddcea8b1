// The main job, from a fresh clone, with nothing but Node and npm: a backup in, a dashboard out.
import { execFileSync } from 'node:child_process';
import './ready.js';

execFileSync(process.execPath, ['bin/zen.js', 'demo'], { stdio: 'inherit' });
