import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

const bin = resolve('bin/zen.js');

/** Runs `zen` as a person or cron would: a process of its own, with an environment of its own, nobody at the terminal. */
export async function zen(
  args: string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Outcome> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env.PATH, TZ: 'Asia/Vladivostok', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, stdout, stderr };
}
