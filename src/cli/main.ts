import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { environment, hidePassword } from '../config.ts';
import { exitOf, exits, messageOf, reasonOf, shorten, Told, ZenError } from '../errors.ts';
import { brief } from './examples.ts';
import { buildProgram } from './program.ts';
import type { Streams } from './terminal.ts';

/** Runs the command line and returns the exit code. A reader who stops early does not change it. */
export async function main(args: string[], streams: Streams = process): Promise<number> {
  hidePasswords(args);
  const { stdout, stderr } = streams;
  let fault: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => (fault ??= error));
  stderr.on('error', () => undefined); // there is nobody left to tell
  const code = await run(args, streams);
  await new Promise((written) => stdout.write('', written));
  if (!fault || fault.code === 'EPIPE') return code;
  const failure = new ZenError('failed', `Cannot write the result: ${reasonOf(fault)}.`);
  return fail(failure, { debug: false, json: false }, streams);
}

async function run(args: string[], streams: Streams): Promise<number> {
  if (args.length === 0) {
    streams.stderr.write(brief);
    return exits.usage;
  }
  const said: string[] = [];
  const program = buildProgram(streams, (text) => said.push(text));
  try {
    await program.parseAsync(resolveHelp(program, args), { from: 'user' });
    return exits.done;
  } catch (thrown) {
    const error = explain(thrown);
    const form = { debug: args.includes('--debug'), json: asksForJson(program, args) };
    if (!(error instanceof CommanderError)) return fail(error, form, streams);
    if (error.exitCode === 0) return exits.done;
    if (form.json && error.code !== 'commander.help')
      return fail(new ZenError('usage', error.message.replace(/^error: /, '')), form, streams);
    streams.stderr.write(said.join(''));
    return exits.usage;
  }
}

/** Lets a command that does not exist be refused, of which `help` would show everything instead. */
function resolveHelp({ commands }: Command, args: string[]): string[] {
  const [help, name] = args;
  const isUnknown = help === 'help' && name !== undefined && commands.every((each) => each.name() !== name);
  return isUnknown ? [name] : args;
}

/** Explains a fault of the file system that no command foresaw, such as a folder that may not be written. */
function explain(error: unknown): unknown {
  if (error instanceof ZenError) return error;
  const { path } = (error ?? {}) as NodeJS.ErrnoException;
  if (path === undefined || reasonOf(error) === messageOf(error)) return error;
  return new ZenError('failed', `Cannot use ${path}: ${reasonOf(error)}.`, { cause: error });
}

/** Tells whether a program reads the output: with --json, or with --log-format json anywhere on the command line. */
function asksForJson({ commands }: Command, args: readonly string[]): boolean {
  const command = commands.find((each) => each.name() === args.find((arg) => !arg.startsWith('-')));
  const { json, logFormat } = command?.opts() ?? {};
  if (json === true || logFormat === 'json' || args.includes('--json')) return true;
  const isGiven = /--log-format[= ]json/.test(args.join(' ')) || environment().ZEN_LOG_FORMAT === 'json';
  return command?.name() === 'nightly' && isGiven; // before that was parsed
}

interface Form {
  debug: boolean;
  json: boolean;
}

function fail(error: unknown, { debug, json }: Form, { stderr }: Streams): number {
  if (error instanceof Told) return exitOf(error.cause);
  const expected = error instanceof ZenError;
  const text = `${expected ? '' : 'Unexpected error: '}${shorten(messageOf(error), 2000)}`;
  const hint = expected || debug ? '' : '\nThis was not foreseen: please report it, with what --debug shows.';
  const stack = debug ? { stack: String((error as Error).stack) } : {};
  const told = { error: text, failure: expected ? error.failure : 'failed', exit: exitOf(error), ...stack };
  if (json) stderr.write(`${JSON.stringify(told)}\n`);
  else stderr.write(`${text}${hint}\n${debug ? `${String(stack.stack)}\n` : ''}`);
  return exitOf(error);
}

/** Removes passwords from the arguments, which a list of processes shows to everybody. */
function hidePasswords(args: string[]): void {
  const shown = args.map(hidePassword);
  if (shown.some((arg, index) => arg !== args[index])) process.title = ['zen', ...shown].join(' ');
}
