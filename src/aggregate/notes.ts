import type { Database } from '../db/database.ts';
import { queryCovered } from '../ledger/ledger.ts';
import { merge, subtract } from '../ledger/windows.ts';
import type { Minute } from '../log/log.ts';
import { listEventful } from '../log/questions.ts';
import { mayCountUsers } from '../people/table.ts';
import { describeWindow, isoTime, lastMidnight, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';

/** Tells an operator what to know before some windows are aggregated, one sentence each. */
export async function listNotes(
  db: Database,
  windows: readonly Window[],
  { minute, users }: { minute: Minute; users?: boolean | undefined },
): Promise<string[]> {
  if (windows.length === 0) return [];
  const other = (await queryCovered(db)).find(
    (stretch) => stretch.minute !== minute && subtract(stretch, merge(windows)).length > 0,
  );
  const notes: string[] = [];
  if (other)
    notes.push(
      `${describeWindow(other)} is aggregated with --minute ${other.minute}, this run with ${minute}: where they meet, ` +
        'an event may be counted twice, or not at all.',
    );
  if (users && !(await mayCountUsers(db)))
    notes.push('Users are not counted: this role may not make or fill dash_users.');
  return notes;
}

/** Tells why there is nothing to aggregate; for a log that began today, also how to aggregate up to the last whole minute. */
export async function explainNothing(db: Database, now: number): Promise<string> {
  const today = { start: lastMidnight(now), end: now - (now % minuteMs) };
  const before = { start: firstYear, end: today.start };
  const [found] = await listEventful(db, [before]);
  if (found || (await listEventful(db, [today])).length === 0)
    return 'Nothing to aggregate: everything up to the last 00:00 UTC is aggregated already, or the log has no events before it.';
  return (
    'Nothing to aggregate: the log has only events since the last 00:00 UTC. To have them now, run ' +
    `zen aggregate --start-dt ${isoTime(today.start)} --end-dt ${isoTime(today.end)}.`
  );
}

/** The year 1: no event is looked for before it. */
const firstYear = -62_135_596_800_000;
