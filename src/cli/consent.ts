import { ZenError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** Asks a person. Where nobody can be asked, names the option to give instead. */
export async function requireConsent(
  terminal: Terminal,
  what: string,
  question: string,
  remedy: string,
): Promise<void> {
  if (!terminal.interactive) throw new ZenError('usage', `${what} ${remedy}`);
  if (!(await terminal.confirm(`${what} ${question}`))) throw new ZenError('failed', 'Nothing was changed.');
}
