// Preloaded into a process: writes the most memory that it has taken, in kB, where ZEN_TEST_PEAK says, and beside it the seconds of a
// processor, which a busy machine does not lengthen as it does those of a clock. Linux only.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak = ''] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.ZEN_TEST_PEAK, peak);
  writeFileSync(`${process.env.ZEN_TEST_PEAK}.seconds`, String((user + system) / 1e6));
});
