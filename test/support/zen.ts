import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { flags } from './flags.js';

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
  /** The bytes of its standard input; else there are none. Null leaves that open. */
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
  const [program = '', ...rest] = [...via, process.execPath, ...flags, bin, ...args];
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

let isAtWork = false;

/**
 * Runs it as `zen` does, but in this process, for a fifth of the time and one at a time: where it is in question what a command does
 * and says, not how its process starts and ends.
 */
export async function call(args: string[], { cwd, env = {} }: Pick<Place, 'cwd' | 'env'>): Promise<Outcome> {
  if (isAtWork) throw new Error('A process has one current folder: start another one.');
  isAtWork = true;
  const { main } = await import('../../src/cli/main.ts');
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  streams.stdin.end();
  let [stdout, stderr] = ['', ''];
  streams.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  streams.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const place = { ...streams, env: { PATH: process.env.PATH, ZEN_MIN_CELL: '1', ...env } };
  const before = Object.entries(Object.getOwnPropertyDescriptors(process)).filter(([name]) => name in place);
  const folder = process.cwd();
  for (const [name, value] of Object.entries(place))
    Object.defineProperty(process, name, { value, configurable: true, writable: true });
  process.chdir(cwd);
  try {
    const code = await main(args);
    for (const stream of [streams.stdout, streams.stderr]) await once(stream.end(), 'end');
    return { code, stdout, stderr };
  } finally {
    process.chdir(folder);
    for (const [name, descriptor] of before) Object.defineProperty(process, name, descriptor);
    isAtWork = false;
  }
}
