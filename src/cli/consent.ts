import { ZenError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** Asks a person, and tells whoever cannot be asked what to say instead. */
export async function requireConsent(
  terminal: Terminal,
  what: string,
  question: string,
  remedy: string,
): Promise<void> {
  if (!terminal.interactive) throw new ZenError('usage', `${what} ${remedy}`);
  if (!(await terminal.confirm(`${what} ${question}`))) throw new ZenError('failed', 'Nothing was changed.');
}
