import { CommanderError } from 'commander';
import { hidePassword } from '../config.ts';
import { exits, messageOf, shorten, ZenError } from '../errors.ts';
import { buildProgram } from './program.ts';
import type { Streams } from './terminal.ts';

/** Runs the command line and gives the exit code. That of a reader who has left early is the command's own, as ever. */
export async function main(args: string[], streams: Streams = process): Promise<number> {
  hidePasswords(args);
  const { stdout, stderr } = streams;
  let fault: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => (fault ??= error));
  stderr.on('error', () => undefined); // there is nobody left to tell
  const code = await run(args, streams);
  await new Promise((written) => stdout.write('', written));
  if (!fault || fault.code === 'EPIPE') return code;
  return fail(new ZenError('failed', `Cannot write the result: ${fault.message}.`), false, streams);
}

async function run(args: string[], streams: Streams): Promise<number> {
  try {
    await buildProgram(streams).parseAsync(args, { from: 'user' });
    return exits.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.done : exits.usage;
    return fail(error, args.includes('--debug'), streams);
  }
}

function fail(error: unknown, debug: boolean, { stderr }: Streams): number {
  const expected = error instanceof ZenError;
  const hint = expected || debug ? '' : '\nThis was not foreseen: please report it, with what --debug shows.';
  stderr.write(`${expected ? '' : 'Unexpected error: '}${shorten(messageOf(error), 2000)}${hint}\n`);
  if (debug) stderr.write(`${String((error as Error).stack)}\n`);
  return expected ? exits[error.failure] : exits.failed;
}

/** A list of processes shows their arguments to everybody: from here on, without the passwords among them. */
function hidePasswords(args: string[]): void {
  const shown = args.map(hidePassword);
  if (shown.some((arg, index) => arg !== args[index])) process.title = ['zen', ...shown].join(' ');
}
