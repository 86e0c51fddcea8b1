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

/** Reasons of the file system (errno(3)), each with the next step. */
const reasons: Record<string, [cause: string, step: string]> = {
  ENOENT: ['there is no such file or folder', 'Check its name and folder'],
  EEXIST: ['a file of this name is there', 'Choose another name'],
  ENOTDIR: ['a part of its path is a file, not a folder', 'Check the path'],
  EISDIR: ['it is a folder, not a file', 'Name a file'],
  EACCES: ['this account may not', 'Give it the right to, or choose another place'],
  EPERM: ['this account may not', 'Give it the right to, or choose another place'],
  EROFS: ['its disk can only be read', 'Choose another place'],
  ENOSPC: ['its disk is full', 'Make room there, then run the same command again'],
  EDQUOT: [
    'the share that this account has of the disk is full',
    'Make room, then run the same command again',
  ],
  EFBIG: ['a file may not be so large here', 'Raise the limit (ulimit -f), or choose another place'],
  EMFILE: ['too many files are open', 'Raise the limit (ulimit -n)'],
  ELOOP: ['its symbolic links lead in a circle', 'Remove one of them'],
  ENAMETOOLONG: ['its name is too long', 'Choose a shorter one'],
  EIO: ['its disk does not work', 'Look into the log of the system'],
};

/** The cause and the next step of a fault of the file system, in words and without a full stop; of other faults, the message. */
export function reasonOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  const reason = typeof code === 'string' && Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  if (reason === undefined) return messageOf(error);
  const [cause, step] = reason;
  return `${cause} (${String(code)}). ${step}`;
}

/** Makes a text fit for an error: one line without control characters, up to a length. */
export function shorten(text: string, length: number): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
