/** Exit codes of the command line; scripts and cron rely on them. */
export const exits = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  locked: 4,
  stale: 5,
  interrupted: 130,
} as const;

export type Failure = Exclude<keyof typeof exits, 'done'>;

/**
 * A mistake that was foreseen. Its message is for a person: one sentence that names the value, then the next
 * step. Its `failure` decides the exit code and does not change; the message may.
 */
export class ZenError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ZenError';
    this.failure = failure;
  }
}

/** A failure that was already reported; its cause is the failure itself. */
export class Told extends Error {}

/** The exit code of a failure. */
export function exitOf(error: unknown): number {
  return error instanceof ZenError ? exits[error.failure] : exits.failed;
}

/** One result of zen check: fine, worth knowing, or a fault with its fix. */
export interface Check {
  state: 'fine' | 'note' | 'fault';
  text: string;
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes a text fit for an error: one line without control characters, up to a length. */
export function shorten(text: string, length: number): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
