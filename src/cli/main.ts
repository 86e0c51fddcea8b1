import { CommanderError } from 'commander';
import { exits, messageOf, shorten, ZenError } from '../errors.ts';
import { buildProgram } from './program.ts';

/** Runs the command line and gives the exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(args, { from: 'user' });
    return exits.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.done : exits.usage;
    return fail(error, args.includes('--debug'));
  }
}

function fail(error: unknown, debug: boolean): number {
  const expected = error instanceof ZenError;
  const hint = expected || debug ? '' : '\nThis was not foreseen: please report it, with what --debug shows.';
  process.stderr.write(`${expected ? '' : 'Unexpected error: '}${shorten(messageOf(error), 2000)}${hint}\n`);
  if (debug) process.stderr.write(`${String((error as Error).stack)}\n`);
  return expected ? exits[error.failure] : exits.failed;
}
