import { ZenError } from '../errors.ts';

/** Milliseconds: the first pause before another try, of which each is twice the one before it, and the longest. */
const [firstPause, longestPause] = [1000, 300_000];

/**
 * Does the work of a night again while the server cannot be reached; each time it does what is not done yet.
 *
 * @param ms the time in which it is tried again, in milliseconds
 * @param rest waits before the next try
 * @throws ZenError of the last try
 */
export async function retry(
  ms: number,
  work: () => Promise<void>,
  rest: (failure: ZenError, pause: number) => Promise<void>,
): Promise<void> {
  const until = performance.now() + ms;
  for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
    try {
      await work();
      return;
    } catch (error) {
      const left = until - performance.now();
      if (!(error instanceof ZenError && error.failure === 'unreachable' && left > 0)) throw error;
      await rest(error, Math.min(pause, left));
    }
  }
}
