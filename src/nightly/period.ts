import type { Session } from '../db/database.ts';
import { querySpan } from '../ledger/silence.ts';
import { lastMidnight } from '../time.ts';
import type { Window } from '../time.ts';

/**
 * Chooses what a nightly page shows: the stretch up to the last UTC midnight, but not from before anything was aggregated.
 *
 * @param last milliseconds
 * @param covered what is aggregated, in order
 */
export async function choosePeriod(
  session: Session,
  last: number,
  covered: readonly Window[],
): Promise<Window> {
  const end = lastMidnight(Date.now());
  const first = covered[0]?.start ?? (await querySpan(session))?.start ?? Infinity;
  const start = Math.max(end - last, first);
  return { start: start < end ? start : end - last, end };
}
