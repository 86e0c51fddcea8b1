import { messageOf, shorten } from '../errors.ts';

/**
 * Calls the URL of a monitor, as healthchecks.io and those like it take it: `/start`, nothing for success, `/<exit code>` for a failure.
 * This is the one place where zen speaks http. It sends nothing but the request, and no failure of it is one of the night.
 *
 * @param patience milliseconds that it has to answer
 * @returns why it was not heard; undefined when it was
 */
export async function ping(url: string, signal: string, patience = 10_000): Promise<string | undefined> {
  const called = new URL(url);
  if (signal !== '') called.pathname = `${called.pathname.replace(/\/$/, '')}/${signal}`;
  try {
    const answer = await fetch(called, { signal: AbortSignal.timeout(patience) });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answered ${answer.status}`;
  } catch (error) {
    return shorten(messageOf((error as Error).cause ?? error), 200);
  }
}
