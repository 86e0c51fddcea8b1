import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Run {
  seconds: number;
  megabytes: number;
  /** Seconds of the processor. */
  processor: number;
}

/** Clock ticks of a second in /proc. */
const ticks = 100;

/** Runs a program to its end: wall time, that of the processor, and the most memory that it held (Linux: utime, stime and VmHWM of its process). */
export async function measure(program: string, args: string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let [megabytes, processor] = [0, 0];
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
      megabytes = Math.max(megabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const [, times = ''] = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8').split(') ');
      const [user = 0, system = 0] = times.split(' ').slice(11, 13).map(Number);
      processor = Math.max(processor, (user + system) / ticks);
    } catch {
      clearInterval(watch);
    }
  }, 10);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}`);
  return { seconds: (performance.now() - started) / 1000, megabytes, processor };
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
