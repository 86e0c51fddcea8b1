import type { Session } from '../db/database.ts';
import { mayCompare, queryChanged } from '../ledger/changed.ts';
import { queryCovered, queryFinished, queryPruned } from '../ledger/ledger.ts';
import type { Minute } from '../log/log.ts';
import { queryKnown, querySilences } from '../ledger/silence.ts';
import { clip, intersect, merge, subtract } from '../ledger/windows.ts';
import type { Window } from '../time.ts';

/** The facts about the numbers of a period. Times are Unix milliseconds. */
export interface Facts {
  /** Stretches that were never aggregated: missing, not zero. */
  gaps: Window[];
  /** Stretches without events that cannot be chance: a busy log fell silent. */
  silences: Window[];
  /** When the period, or part of it, was last aggregated; null without a ledger. */
  aggregated: number | null;
  /** Events now in the log, minus those in the aggregates; null when the role may not read it, or some of it was pruned. */
  unseen: number | null;
  /** The rules that assigned events to minutes. */
  rules: Minute[];
}

/** Reads from the ledger, and compares with the log, what the page says about its own numbers. */
export async function queryFacts(session: Session, period: Window): Promise<Facts> {
  const covered = clip(await queryCovered(session), period);
  const isWhole = !(await queryPruned(session)).some((window) => intersect(window, period));
  const changed = isWhole && (await mayCompare(session)) ? await queryChanged(session, covered) : null;
  return {
    gaps: covered.length > 0 ? subtract(period, merge(covered)) : [],
    silences: await querySilences(session, period, await queryKnown(session)),
    aggregated: await queryFinished(session, period),
    unseen:
      covered.length > 0 && changed
        ? changed.reduce((sum, { events, visits }) => sum + events - visits, 0)
        : null,
    rules: [...new Set(covered.map(({ minute }) => minute))],
  };
}
