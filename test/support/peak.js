// Preloaded into a process: writes the most memory that it has taken, in kB, where ZEN_TEST_PEAK says. Linux only.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak = ''] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(process.env.ZEN_TEST_PEAK, peak);
});
