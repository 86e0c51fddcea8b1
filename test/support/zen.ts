import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Place {
  cwd: string;
  env?: Record<string, string>;
  /** A program that runs it, with the arguments before its own: `ulimit`, `setpriv` … */
  via?: string[];
  /** What comes to its standard input; nothing does else. Null leaves that open. */
  input?: Buffer | null;
}

const bin = resolve('bin/zen.js');

/**
 * Runs `zen` as a person or cron would: a process of its own, with an environment of its own, nobody at the terminal. Groups of
 * any size are told, as the logs of tests have few people.
 */
export async function zen(args: string[], place: Place): Promise<Outcome> {
  return start(args, place).outcome;
}

/** The same, while it runs. */
export function start(
  args: string[],
  { cwd, env = {}, via = [], input }: Place,
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const [program = '', ...rest] = [...via, process.execPath, bin, ...args];
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env.PATH, TZ: 'Asia/Vladivostok', ZEN_MIN_CELL: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // it ended before it had read all
  if (input !== null) child.stdin.end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const outcome = new Promise<Outcome>((done) =>
    child.once('close', (code: number | null) => {
      done({ code, stdout, stderr });
    }),
  );
  return { child, outcome };
}
